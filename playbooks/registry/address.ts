import { homedir } from 'node:os'
import path from 'node:path'
import { PlaybookError, type PlayContext } from '../../src/labbook.ts'
import { addressAmongNodes } from '../lab/address.ts'
import { labOf } from '../lab/lab.ts'

const REGISTRY_PORT = 5000

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

/** The machine that runs the registry: the first of group `registry`. */
export function registryHost({ groups }: Pick<PlayContext, 'groups'>): string {
  const host = groups.registry?.[0]
  if (host === undefined)
    throw new PlaybookError('the inventory has no host in group registry: images need one place to come from')
  return host
}

/** Host and port under which all machines reach the registry. */
export function registryAddress(on: Inventory): string {
  const host = registryHost(on)
  return `${addressAmongNodes(on, host)}:${registryPort(on)}`
}

export const registryPort = (on: Inventory): number =>
  Number(on.hostvars(registryHost(on)).registry_port ?? REGISTRY_PORT)

/** Every name and address a client may use for the registry: what its certificate is for. */
export function registryNames(on: Inventory): string[] {
  const host = registryHost(on)
  const vars = on.hostvars(host)
  const more = Array.isArray(vars.registry_names) ? vars.registry_names.map(String) : []
  return [...new Set([addressAmongNodes(on, host), host, 'localhost', '127.0.0.1', ...more])]
}

/**
 * Files of the registry on the controller. They hold keys and passwords, and never leave it but for what a host needs.
 */
export interface Keeping {
  readonly pki: string
  readonly htpasswd: string
  /** Passwords that nobody gave. */
  readonly passwords: string
}

/**
 * In the lab's own folder, so that they go with it; else where this machine keeps such things. `registry_dir` says
 * otherwise.
 */
export function keepingOf(on: Inventory): Keeping {
  const asked = on.hostvars(registryHost(on)).registry_dir
  const dir = asked === undefined ? path.join(labOf(on)?.dir ?? home(), 'registry') : String(asked)
  return {
    pki: path.join(dir, 'pki'),
    htpasswd: path.join(dir, 'htpasswd'),
    passwords: path.join(dir, 'passwords.yaml'),
  }
}

const home = (): string =>
  process.getuid?.() === 0 ? '/var/lib/labbook' : path.join(homedir(), '.local/share/labbook')
