/** bcrypt reads no more: a longer password would be the same as its beginning. */
const MOST_BYTES = 72

const CONTROL = /\p{Cc}/u
const HALF = /\p{Surrogate}/u

/** Why a text cannot be a user's name in an htpasswd file; undefined where it can. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'a user needs a name'
  if (name.includes(':')) return 'a name cannot contain a colon: it ends the name'
  if (CONTROL.test(name) || HALF.test(name)) return 'a name cannot contain a newline or another control character'
  if (name.trim() !== name) return 'a name cannot begin or end with a space'
  if (name.startsWith('#')) return 'a name cannot begin with #: its line would be a comment'
  return undefined
}

/** Why a text cannot be a password; undefined where it can. The text is no part of the answer. */
export function passwordFault(password: string): string | undefined {
  if (password === '') return 'the password is empty: give one, or leave it out and one is generated'
  const bytes = Buffer.byteLength(password)
  if (bytes > MOST_BYTES)
    return `the password has ${bytes} bytes in UTF-8: bcrypt reads ${MOST_BYTES}, choose a shorter one`
  // HTTP's basic authentication has no place for them, and bcrypt ends at a NUL.
  if (CONTROL.test(password) || HALF.test(password))
    return 'the password contains a newline or another control character, which no client can send'
  return undefined
}
