import { homedir, hostname } from 'node:os'
import { localUser } from '../local-user.ts'
import { ConnectionConfigError } from '../config-error.ts'
import type { ConfigLine } from './lines.ts'

/** Values of tokens, by their letters. */
export type Tokens = Readonly<Record<string, string>>

/**
 * Expands the tokens of an option: `%h`.
 *
 * @throws {ConnectionConfigError} a token has no value here.
 */
export function expandTokens(text: string, tokens: Tokens, line: Pick<ConfigLine, 'name' | 'at'>): string {
  return text.replace(/%([\s\S]?)/g, (token, letter: string) => {
    if (letter === '%') return '%'
    const value = Object.hasOwn(tokens, letter) ? tokens[letter] : undefined
    if (value !== undefined) return value
    const known = Object.keys(tokens).map((each) => `%${each}`)
    throw new ConnectionConfigError(
      `${line.at}: ${line.name} has the token "${token}"; supported are %%, ${known.join(', ')}`,
    )
  })
}

/** The host that tokens stand for. */
export interface TokenHost {
  /** As given to ssh. */
  readonly original: string
  readonly address: string
  readonly port: number
  readonly user: string
  readonly keyAlias: string | undefined
}

/** The tokens of `ProxyCommand` and `ProxyJump`. */
export const proxyTokens = ({ original, address, port, user, keyAlias }: TokenHost): Tokens => ({
  h: address,
  k: keyAlias ?? original,
  n: original,
  p: String(port),
  r: user,
})

/** The tokens of options that name files. Few paths have them: each is read when it is expanded. */
export const fileTokens = (host: TokenHost): Tokens => ({
  ...proxyTokens(host),
  get L() {
    return hostname().replace(/\..*/, '')
  },
  get d() {
    return homedir()
  },
  get i() {
    return String(localUser().uid)
  },
  get l() {
    return hostname()
  },
  get u() {
    return localUser().username
  },
})

/** Expands `~`, `${VARIABLE}` and tokens in the path of an option. */
export function expandPath(path: string, tokens: Tokens, line: Pick<ConfigLine, 'name' | 'at'>): string {
  if (/^~[^/]/.test(path)) {
    throw new ConnectionConfigError(`${line.at}: ${line.name} has ~user, which is not supported: write the path`)
  }
  const expanded = path.replace(/^~(?=\/|$)/, homedir()).replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = process.env[name]
    if (value !== undefined) return value
    throw new ConnectionConfigError(`${line.at}: ${line.name} uses $${name}, which is not set`)
  })
  return expandTokens(expanded, tokens, line)
}
