import path from 'node:path'
import { PlaybookError, type PlayContext, stateDirectory } from 'labbook'
import { nodeAddress } from '../lab/address.ts'
import { projectLab } from '../lab/lab.ts'
import { registryVars } from './vars.ts'

type Inventory = Pick<PlayContext, 'groups' | 'hostvars'>

/** The host that runs the registry: the first of group `registry`. */
export function registryHost({ groups }: Pick<PlayContext, 'groups'>): string {
  const host = groups.registry?.[0]
  if (host === undefined)
    throw new PlaybookError('the inventory has no host in group registry: add one to serve images')
  return host
}

const varsOf = (on: Inventory) => registryVars.read(on.hostvars(registryHost(on)), registryHost(on))

/** Host and port of the registry. */
export function registryAddress(on: Inventory): string {
  const host = registryHost(on)
  return `${nodeAddress(on, host)}:${registryPort(on)}`
}

/** Resource key of its API: it responds, with the images that it has. */
export const registryApi = (on: Inventory): string => `registry-api:${registryAddress(on)}`

export const registryPort = (on: Inventory): number => varsOf(on).registry_port

/** Every name and address of the registry, for its certificate. */
export function registryNames(on: Inventory): string[] {
  const host = registryHost(on)
  return [...new Set([nodeAddress(on, host), host, 'localhost', '127.0.0.1', ...varsOf(on).registry_names])]
}

/** Files of the registry on the controller. Hosts receive only the keys and passwords they need. */
export interface RegistryFiles {
  readonly pki: string
  readonly htpasswd: string
  /** Generated passwords. */
  readonly passwords: string
}

/** `registry_dir`, or the lab's directory, so that they are removed with the lab, or {@link stateDirectory}. */
export function registryFiles(on: Inventory): RegistryFiles {
  const dir = varsOf(on).registry_dir ?? path.join(projectLab(on)?.dir ?? stateDirectory(), 'registry')
  return {
    pki: path.join(dir, 'pki'),
    htpasswd: path.join(dir, 'htpasswd'),
    passwords: path.join(dir, 'passwords.yaml'),
  }
}
