import type { Secret } from '../values/secret.ts'

/** What the user has chosen for all hosts of this process: on the command line, in the environment, in ansible.cfg. */
export interface ConnectionDefaults {
  /** Connection variables for hosts whose variables do not have them: `ansible_user`. */
  readonly variables: Readonly<Record<string, unknown>>
  /** Where each of them was set, for errors: `--timeout`. */
  readonly origins: Readonly<Record<string, string>>
  /** Adds the host keys of hosts never seen, unless a host's variables say otherwise. */
  readonly acceptNewHostKeys: boolean
  /** Passphrases of key files, by path. */
  readonly passphrases: ReadonlyMap<string, Secret>
}

let current: ConnectionDefaults = { variables: {}, origins: {}, acceptNewHostKeys: false, passphrases: new Map() }

/** The defaults of this process. Playbooks read the settings of hosts too, so they belong to the process. */
export const connectionDefaults = (): ConnectionDefaults => current

/** Sets some of them. */
export function setConnectionDefaults(changes: Partial<ConnectionDefaults>): void {
  current = { ...current, ...changes }
}
