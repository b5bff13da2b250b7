import { readFileSync } from 'node:fs'

/** Counters of the benchmark's network namespace, with only the runner and the sshds. */
export interface NetworkCount {
  /** Bytes over loopback, including headers. */
  readonly bytes: number
  /** Accepted TCP connections; all listeners are sshds. */
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
