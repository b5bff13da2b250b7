import { homedir } from 'node:os'
import path from 'node:path'
import { PlaybookError, type PlayContext, toText } from 'labbook'
import { nodeAddress } from '../lab/address.ts'
import { labOf } from '../lab/lab.ts'

const REGISTRY_PORT = 5000

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

/** The host that runs the registry: the first of group `registry`. */
export function registryHost({ groups }: Pick<PlayContext, 'groups'>): string {
  const host = groups.registry?.[0]
  if (host === undefined)
    throw new PlaybookError('the inventory has no host in group registry: add one to serve images')
  return host
}

/** Host and port of the registry. */
export function registryAddress(on: Inventory): string {
  const host = registryHost(on)
  return `${nodeAddress(on, host)}:${registryPort(on)}`
}

export const registryPort = (on: Inventory): number =>
  Number(on.hostvars(registryHost(on)).registry_port ?? REGISTRY_PORT)

/** Every name and address of the registry, for its certificate. */
export function registryNames(on: Inventory): string[] {
  const host = registryHost(on)
  const vars = on.hostvars(host)
  const extra = Array.isArray(vars.registry_names) ? vars.registry_names.map(String) : []
  return [...new Set([nodeAddress(on, host), host, 'localhost', '127.0.0.1', ...extra])]
}

/** Files of the registry on the controller. Hosts receive only the keys and passwords they need. */
export interface RegistryFiles {
  readonly pki: string
  readonly htpasswd: string
  /** Generated passwords. */
  readonly passwords: string
}

/** `registry_dir`, or the lab's directory, so that they are removed with the lab, or {@link dataDirectory}. */
export function registryFiles(on: Inventory): RegistryFiles {
  const configured = on.hostvars(registryHost(on)).registry_dir
  const dir = configured === undefined ? path.join(labOf(on)?.dir ?? dataDirectory(), 'registry') : toText(configured)
  return {
    pki: path.join(dir, 'pki'),
    htpasswd: path.join(dir, 'htpasswd'),
    passwords: path.join(dir, 'passwords.yaml'),
  }
}

const dataDirectory = (): string =>
  process.getuid?.() === 0 ? '/var/lib/labbook' : path.join(homedir(), '.local/share/labbook')
