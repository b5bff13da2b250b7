/** A line of an htpasswd file that is an account. */
export interface Account {
  readonly name: string
  readonly hash: string
}

/**
 * A line of an htpasswd file: an account, a comment or blank line, or one that is neither, which stops the registry
 * from starting.
 */
export type Line = Account | { readonly comment: string } | 'no account'

/** Takes an htpasswd file apart as the registry does. */
export function parseLines(text: string): Line[] {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => {
    if (line.trim() === '' || line.startsWith('#')) return { comment: line }
    const colon = line.indexOf(':')
    return colon <= 0 ? 'no account' : { name: line.slice(0, colon), hash: line.slice(colon + 1).trim() }
  })
}

export const isAccount = (line: Line): line is Account => typeof line === 'object' && 'name' in line

/** The hash of a user; undefined where there is none, or several: one program takes the first, another the last. */
export function hashIn(lines: readonly Line[], name: string): string | undefined {
  const [only, ...more] = lines.filter(isAccount).filter((line) => line.name === name)
  return more.length === 0 ? only?.hash : undefined
}

/** The lines with a user's hash in the place of the old one, or at the end. */
export function withHash(lines: readonly Line[], account: Account): Line[] {
  const place = lines.findIndex((line) => isAccount(line) && line.name === account.name)
  if (place === -1) return [...lines, account]
  return lines.flatMap((line, i) =>
    i === place ? [account] : isAccount(line) && line.name === account.name ? [] : [line],
  )
}

/** The text of a file. Lines that are no account cannot be kept. */
export const textOf = (lines: readonly Exclude<Line, 'no account'>[]): string =>
  lines.map((line) => `${isAccount(line) ? `${line.name}:${line.hash}` : line.comment}\n`).join('')
