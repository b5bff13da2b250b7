import { secret, type Secret } from '../values/secret.ts'
import { KeptPasswords } from './kept.ts'

/** A user as a playbook has it. */
export interface AskedUser {
  readonly name: string
  /** Without one: generated, and kept. */
  readonly password?: string | Secret | undefined
}

/** A user with the password to log in with. */
export interface KnownAccount {
  readonly name: string
  /** Not there as long as it is yet to be generated. */
  readonly password?: Secret
}

/**
 * The accounts that `htpasswd` makes with the same users, for tasks that log in with them. Reads the controller's file
 * with the generated passwords, where one is needed, each time: a play that comes after the accounts were made knows
 * them.
 *
 * @param generated - path of that file; the accounts need not have been made.
 * @throws {Refusal} where the file cannot be read.
 */
export function readAccounts(users: readonly AskedUser[], generated: string): KnownAccount[] {
  const kept = users.every(({ password }) => password !== undefined) ? undefined : new KeptPasswords(generated)
  return users.map(({ name, password = kept?.get(name) }) =>
    password === undefined ? { name } : { name, password: secret(password) },
  )
}
