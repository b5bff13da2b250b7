import htpasswd from 'htpasswd/src/utils.js'

/*
 * The package is a command: it has no main module. The command ends with 0 whatever went wrong, writes its file in
 * place, hashes with MD5 unless told otherwise and does not tell an unknown user from a right password. So only its two
 * functions for hashes are called.
 */

/** The highest cost that is asked for: each step doubles the time, and this one takes seconds. */
export const MOST_COST = 15

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/**
 * bcrypt's cost where none is asked for. It protects passwords that can be guessed; each request to a registry costs
 * one check. A generated password of 143 random bits needs no protection, so it gets the least that htpasswd itself
 * takes (5, about 2 ms); one that somebody chose gets 10 (about 60 ms).
 */
export const defaultCost = ({ password }: { readonly password?: unknown }): number => (password === undefined ? 5 : 10)

/** A new bcrypt hash. @param cost - the binary logarithm of the rounds, 4 to {@link MOST_COST}. */
export const hashOf = (password: string, cost: number): string =>
  htpasswd.encode({ bcrypt: true, cost, args: [password] })

/** How a stored hash is as asked, or is not. */
export type HashState = 'ok' | 'other password' | 'other cost'

/** Compares a stored hash with a password. Hashes are salted: a new one would differ even for the same password. */
export function compare(hash: string, password: string, cost: number): HashState {
  const stored = Number(BCRYPT.exec(hash)?.[1])
  // The registry reads no other hashes than bcrypt's: with one of those nobody gets in, whatever the password.
  if (!(stored >= 4 && stored <= 31)) return 'other password'
  // To verify it would take up to a day.
  if (stored > MOST_COST) return 'other cost'
  // $2a$, $2b$ and $2y$ are the same for passwords of up to 72 bytes; the package compares those of the second kind as
  // plain text.
  if (!htpasswd.verify(hash.replace(/^\$2b/, '$2a'), password)) return 'other password'
  return stored === cost ? 'ok' : 'other cost'
}
