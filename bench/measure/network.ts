import { readFileSync } from 'node:fs'

/** Counters of the benchmark's own network, in which nothing but the runner and the sshds talk. */
export interface NetworkCount {
  /** Bytes that went over loopback, headers included. */
  readonly bytes: number
  /** TCP connections that a listener (all are sshds) accepted. */
  readonly connections: number
}

export function networkCount(): NetworkCount {
  const lo =
    readFileSync('/proc/net/dev', 'utf8')
      .split('\n')
      .find((line) => line.trim().startsWith('lo:')) ?? ''
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
  const column = names.split(' ').indexOf('PassiveOpens')
  return { bytes: Number(lo.split(':')[1]?.trim().split(/\s+/)[0]), connections: Number(values.split(' ')[column]) }
}
