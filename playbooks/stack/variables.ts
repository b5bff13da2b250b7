import { PlaybookError, secret, toText } from 'labbook'
import type { EnvironmentEntry } from './interpolation.ts'
import type { Lookup } from './substitution.ts'

type Vars = Readonly<Record<string, unknown>>

/** A piece of a compose file: text, or a value that is known only after the images are pushed. */
export type Piece = string | { readonly variable: string }

/** Stand for such a value in a text: private characters, which no compose file contains. */
const [OPEN, CLOSE] = ['\u{F0000}', '\u{F0001}']
const PLACEHOLDER = new RegExp(`${OPEN}([A-Za-z0-9_]+)${CLOSE}`, 'u')

/** Names of variables and of entries of `environment` whose values are masked. */
const CONFIDENTIAL =
  /(?:^|_)(?:password|passwd|passphrase|passcode|pass|pwd|pw|secret|token|credentials?|apikey|key)(?:_|$)/i
/** Their values are paths. */
const OF_A_FILE = /_(?:file|path|dir)$/i

const isConfidential = (name: string): boolean => CONFIDENTIAL.test(name) && !OF_A_FILE.test(name)

/** The variables of a compose file: the host's and `-e`, and some that Labbook sets. The user's take precedence. */
export class StackVariables {
  readonly #vars: Vars
  readonly #provided: ReadonlySet<string>
  readonly #used = new Map<string, string>()
  readonly #usedProvided = new Set<string>()

  /** @param provided - names of variables that Labbook sets. */
  constructor(vars: Vars, provided: ReadonlySet<string>) {
    this.#vars = vars
    this.#provided = provided
  }

  /** The user's variables that have been looked up. */
  get used(): ReadonlySet<string> {
    return new Set(this.#used.keys())
  }

  /** The variables of Labbook that have been looked up. */
  get usedProvided(): ReadonlySet<string> {
    return this.#usedProvided
  }

  readonly lookup: Lookup = (name) => {
    const value = this.#vars[name]
    if (value === undefined || value === null || typeof value === 'function') {
      if (!this.#provided.has(name)) return undefined
      this.#usedProvided.add(name)
      return `${OPEN}${name}${CLOSE}`
    }
    if (typeof value === 'object')
      throw new PlaybookError(
        `variable ${name} is a list or a mapping: a compose file needs text, set it with -e ${name}=...`,
      )
    const text = toText(value)
    this.#used.set(name, text)
    return text
  }

  /** Registers the values of variables that are passwords by their names, so that all records mask them. */
  maskSecrets(environment: readonly EnvironmentEntry[]): void {
    const inSecretEntries = environment
      .filter(({ key }) => isConfidential(key))
      .flatMap(({ variables }) => [...variables])
    for (const name of [...[...this.#used.keys()].filter(isConfidential), ...inSecretEntries]) {
      const value = this.#used.get(name)
      if (value !== undefined) secret(value)
    }
  }
}

/** Splits a text at the values that are not known yet. */
export const piecesOf = (text: string): Piece[] =>
  text.split(PLACEHOLDER).map((part, i) => (i % 2 === 0 ? part : { variable: part }))

/** A text with a replacement for each of them. */
export const withReplacement = (text: string, replacement: string): string =>
  piecesOf(text)
    .map((piece) => (typeof piece === 'string' ? piece : replacement))
    .join('')

/** A message with the names of such values. */
export const withNames = (message: string): string =>
  piecesOf(message)
    .map((piece) => (typeof piece === 'string' ? piece : `\${${piece.variable}}`))
    .join('')
