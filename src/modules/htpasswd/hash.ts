import htpasswd from 'htpasswd/src/utils.js'

/*
 * The package is a command without a main module. The command always exits with 0, writes its file in place, defaults
 * to MD5, and treats an unknown user like a correct password. So this uses only its two hash functions.
 */

/** Maximum cost. Each step doubles the time, and this one takes seconds. */
export const MAX_COST = 15

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/**
 * bcrypt's default cost. A registry verifies the hash on each request. A generated password has 143 random bits and
 * needs no protection, so it gets htpasswd's default (5, about 2 ms); a chosen one gets 10 (about 60 ms).
 */
export const defaultCost = ({ password }: { readonly password?: unknown }): number => (password === undefined ? 5 : 10)

/** A new bcrypt hash. @param cost - the binary logarithm of the rounds, 4 to {@link MAX_COST}. */
export const hashOf = (password: string, cost: number): string =>
  htpasswd.encode({ bcrypt: true, cost, args: [password] })

/** How a stored hash differs from the desired one. */
export type HashState = 'ok' | 'other password' | 'other cost'

/** Compares a stored hash with a password. Hashes are salted, so comparing with a new hash does not work. */
export function compare(hash: string, password: string, cost: number): HashState {
  const stored = Number(BCRYPT.exec(hash)?.[1])
  // The registry accepts only bcrypt hashes.
  if (!(stored >= 4 && stored <= 31)) return 'other password'
  // Verifying it could take a day.
  if (stored > MAX_COST) return 'other cost'
  // $2a$, $2b$ and $2y$ are equal for passwords of up to 72 bytes; the package compares $2b$ as plain text.
  if (!htpasswd.verify(hash.replace(/^\$2b/, '$2a'), password)) return 'other password'
  return stored === cost ? 'ok' : 'other cost'
}
