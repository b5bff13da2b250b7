/** bcrypt ignores further bytes. */
const MAX_BYTES = 72

const CONTROL = /\p{Cc}/u
const SURROGATE = /\p{Surrogate}/u

/** Why a user name is invalid in an htpasswd file; undefined if it is valid. */
export function nameError(name: string): string | undefined {
  if (name === '') return 'the user name is empty'
  if (name.includes(':')) return 'a user name cannot contain a colon'
  if (CONTROL.test(name) || SURROGATE.test(name))
    return 'a user name cannot contain a newline or another control character'
  if (name.trim() !== name) return 'a user name cannot start or end with a space'
  if (name.startsWith('#')) return 'a user name cannot start with #: its line would be a comment'
  return undefined
}

/** Why a password is invalid; undefined if it is valid. The message never contains it. */
export function passwordError(password: string): string | undefined {
  if (password === '') return 'the password is empty: set one, or omit it to generate one'
  const bytes = Buffer.byteLength(password)
  if (bytes > MAX_BYTES) return `the password has ${bytes} bytes in UTF-8: bcrypt allows ${MAX_BYTES}`
  // HTTP basic authentication does not allow them, and bcrypt stops at NUL.
  if (CONTROL.test(password) || SURROGATE.test(password))
    return 'the password contains a newline or another control character, which HTTP clients cannot send'
  return undefined
}
