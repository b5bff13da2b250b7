import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmdirSync } from 'node:fs'

const NAMESPACES = '/run/netns'

/** Network namespaces of a bastion and of hosts that only it reaches. */
export interface BastionNetwork {
  /** Addresses by host name. */
  readonly addresses: Readonly<Record<string, string>>
  /** A command that runs another one in a host's namespace. */
  within(host: string): string[]
  remove(): void
}

/**
 * Creates the namespaces; needs root. This machine has no route to the hosts behind the bastion.
 *
 * @param net - the first two numbers of the addresses: `10.91`.
 */
export function createBastionNetwork(net: string, bastion: string, hosts: readonly string[]): BastionNetwork {
  const prefix = `lbr${process.pid}`
  const namespace = (host: string): string => `${prefix}-${host}`
  const ip = (...args: string[]): void => {
    execFileSync('ip', args, { stdio: 'pipe' })
  }
  const all = [bastion, ...hosts]
  // The first namespace on a machine turns the directory into a mount.
  const isFirst = !existsSync(NAMESPACES)
  const remove = (): void => {
    process.removeListener('exit', remove)
    for (const host of all) {
      try {
        ip('netns', 'del', namespace(host))
      } catch {
        // It was not created.
      }
    }
    if (!isFirst || !existsSync(NAMESPACES) || readdirSync(NAMESPACES).length > 0) return
    execFileSync('umount', [NAMESPACES])
    rmdirSync(NAMESPACES)
  }
  process.once('exit', remove)
  for (const host of all) {
    ip('netns', 'add', namespace(host))
    ip('-n', namespace(host), 'link', 'set', 'lo', 'up')
  }
  const link = (i: number, host: string, from: readonly string[]): void => {
    ip(...from, 'link', 'add', `${prefix}v${i}`, 'type', 'veth', 'peer', 'name', 'eth9', 'netns', namespace(host))
    ip(...from, 'addr', 'add', `${net}.${i}.1/30`, 'dev', `${prefix}v${i}`)
    ip(...from, 'link', 'set', `${prefix}v${i}`, 'up')
    ip('-n', namespace(host), 'addr', 'add', `${net}.${i}.2/30`, 'dev', 'eth9')
    ip('-n', namespace(host), 'link', 'set', 'eth9', 'up')
  }
  link(0, bastion, [])
  hosts.forEach((host, i) => link(i + 1, host, ['-n', namespace(bastion)]))
  return {
    addresses: Object.fromEntries(all.map((host, i) => [host, `${net}.${i}.2`])),
    within: (host) => ['ip', 'netns', 'exec', namespace(host)],
    remove,
  }
}
