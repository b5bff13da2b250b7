/** An account in an htpasswd file. */
export interface Account {
  readonly name: string
  readonly hash: string
}

/**
 * A line of an htpasswd file: an account, a comment or blank line, or an invalid line, with which the registry does not
 * start.
 */
export type HtpasswdLine = Account | { readonly comment: string } | 'no account'

/** Parses an htpasswd file like the registry does. */
export function parseLines(text: string): HtpasswdLine[] {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => {
    if (line.trim() === '' || line.startsWith('#')) return { comment: line }
    const colon = line.indexOf(':')
    return colon <= 0 ? 'no account' : { name: line.slice(0, colon), hash: line.slice(colon + 1).trim() }
  })
}

export const isAccount = (line: HtpasswdLine): line is Account => typeof line === 'object' && 'name' in line

/** The hash of a user; undefined if there is none, or if it is ambiguous. */
export function hashIn(lines: readonly HtpasswdLine[], name: string): string | undefined {
  const [only, ...more] = lines.filter(isAccount).filter((line) => line.name === name)
  return more.length === 0 ? only?.hash : undefined
}

/** The lines with the hash of a user replaced or appended. */
export function withHash(lines: readonly HtpasswdLine[], account: Account): HtpasswdLine[] {
  const place = lines.findIndex((line) => isAccount(line) && line.name === account.name)
  if (place === -1) return [...lines, account]
  return lines.flatMap((line, i) =>
    i === place ? [account] : isAccount(line) && line.name === account.name ? [] : [line],
  )
}

/** Formats the lines. Invalid lines must be removed before. */
export const textOf = (lines: readonly Exclude<HtpasswdLine, 'no account'>[]): string =>
  lines.map((line) => `${isAccount(line) ? `${line.name}:${line.hash}` : line.comment}\n`).join('')
