import { parseArgs } from 'node:util'
import { closest } from '../text/suggest.ts'
import { table } from './table.ts'
import { UsageError } from './usage-error.ts'

/*
 * Node's own parser, and messages that say what to do. `commander` takes `--check` as the value of `--limit --check`,
 * which would switch check mode off, and reports errors as sentences, without the option as a field; it takes 9 ms to
 * load. `citty` accepts unknown options.
 */

export interface OptionSpec {
  readonly short?: string
  /** The name of its value in the help; absent for a flag. */
  readonly value?: string
  /** What an error for a missing value shows; default: the option with its value. */
  readonly choices?: readonly string[]
  /** Its value may start with "-" if it has a space: arguments of another program. */
  readonly hasDash?: boolean
  readonly help: string
}

/** The options and the positional arguments of a command line. */
export interface CommandLine<Name extends string> {
  /** The values of an option in command line order; empty texts for a flag, which counts how often it is set. */
  readonly all: (name: Name) => readonly string[]
  readonly positionals: readonly string[]
}

/**
 * Parses a command line.
 *
 * @returns `help` if `--help` is set; nothing else is then validated.
 * @throws {UsageError} an option is unknown, or has no value, or a value it does not take.
 */
export function parseCommandLine<Name extends string>(
  argv: readonly string[],
  specs: Readonly<Record<Name, OptionSpec>>,
): CommandLine<Name> | 'help' {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries<OptionSpec>(specs).map(([name, { short, value }]) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) } as const,
      ]),
    ),
    allowPositionals: true,
    strict: false, // our own error messages suggest an option
    tokens: true,
  })
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return 'help'
  const values = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    if (!isName(name, specs)) throw unknownOption(name, rawName, Object.keys(specs))
    values.set(name, [...(values.get(name) ?? []), valueOf(name, specs[name], value, inlineValue)])
  }
  return {
    all: (name) => values.get(name) ?? [],
    positionals: tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : [])),
  }
}

const isName = <Name extends string>(name: string, specs: Readonly<Record<Name, OptionSpec>>): name is Name =>
  Object.hasOwn(specs, name)

function unknownOption(name: string, raw: string, names: readonly string[]): UsageError {
  const suggestion = raw.startsWith('--') ? closest(name, names) : undefined
  return new UsageError(
    `unknown option ${raw}${suggestion === undefined ? '; see --help' : ` (did you mean --${suggestion}?)`}`,
  )
}

function valueOf(name: string, spec: OptionSpec, value: string | undefined, inline: boolean | undefined): string {
  if (spec.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`)
    return ''
  }
  // Otherwise `--limit --check` would limit the run to hosts named "--check" and disable check mode.
  const isOption = value?.startsWith('-') === true && !(spec.hasDash === true && value.includes(' '))
  if (value === undefined || value === '' || (inline !== true && isOption)) {
    throw new UsageError(`--${name} needs a value: ${spec.choices?.join(', ') ?? `--${name} ${spec.value}`}`)
  }
  return value
}

/** ` (did you mean web1?)`, or nothing. */
export function suggestion(word: string, names: readonly string[]): string {
  const name = closest(word, names)
  return name === undefined ? '' : ` (did you mean ${name}?)`
}

/** The width of the help. */
export const HELP_WIDTH = 80

export type HelpRow = readonly [term: string, meaning: string]

/** A section of the help; empty without rows. */
export const helpSection = (title: string, rows: readonly HelpRow[]): string =>
  rows.length === 0 ? '' : `${title}:\n${table(rows, HELP_WIDTH - 2).replace(/^/gm, '  ')}`

/** The section with all options. */
export const optionsSection = (specs: Readonly<Record<string, OptionSpec>>): string =>
  helpSection(
    'Options',
    Object.entries(specs).map(([name, { short, value, help }]) => [
      `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      help,
    ]),
  )
