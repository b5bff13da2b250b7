import { secret, type Secret } from '../../values/secret.ts'
import { GeneratedPasswords } from './generated-passwords.ts'

/** A user in a playbook. */
export interface AccountUser {
  readonly name: string
  /** Default: generated. */
  readonly password?: string | Secret | undefined
}

/** A user with the password to log in with. */
export interface KnownAccount {
  readonly name: string
  /** Absent until it is generated. */
  readonly password?: Secret
}

/**
 * The accounts that `htpasswd` creates for these users, for tasks that log in. Reads the file of generated passwords on
 * each call if one is needed, so that later plays get new passwords.
 *
 * @param generated - path of that file; it need not exist.
 * @throws {Refusal} if the file cannot be read.
 */
export function readAccounts(users: readonly AccountUser[], generated: string): KnownAccount[] {
  const passwords = users.every(({ password }) => password !== undefined)
    ? undefined
    : new GeneratedPasswords(generated)
  return users.map(({ name, password = passwords?.get(name) }) =>
    password === undefined ? { name } : { name, password: secret(password) },
  )
}
