import { parseArgs } from 'node:util'
import { parseExtraVars, type ExtraVarsArgument } from './extra-vars.ts'
import { closest } from '../text/suggest.ts'
import { UsageError } from './usage-error.ts'

/** The options of the command line, the same for every playbook. */
export interface CliOptions {
  readonly inventory: string
  /** A host pattern, as specified. */
  readonly limit: string | undefined
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly check: boolean
  readonly diff: boolean
  /** The maximum number of hosts in parallel. */
  readonly forks: number
  /** The number of repetitions of each experiment. */
  readonly repeat: number
  /** In command line order; later ones override earlier ones. */
  readonly extraVars: readonly ExtraVarsArgument[]
  /** The number of `-v`. */
  readonly verbosity: number
  readonly askBecomePass: boolean
  /** The lab's provider; default: from the inventory. */
  readonly provider: string | undefined
  readonly listHosts: boolean
  readonly listTasks: boolean
  /** List the experiments. */
  readonly list: boolean
  /** Hosts outside Labbook's lab may be disturbed. */
  readonly allowFaults: boolean
  readonly json: boolean
  /** Never prompt: `--no-input`, or `--json`, whose reader is a program. */
  readonly noInput: boolean
  readonly yes: boolean
  readonly help: boolean
  readonly version: boolean
  /** The positional arguments: subcommands of the playbook, and their arguments. */
  readonly args: readonly string[]
}

/** Subcommands of a playbook and their help: `{ up: 'create the lab' }`. `'snapshot NAME'` takes an argument. */
export type Subcommands = Readonly<Record<string, string>>

export interface OptionSpec {
  readonly short?: string
  /** The name of its value in the help; absent for a flag. */
  readonly value?: string
  readonly help: string
}

/** All options, in the order of the help. */
export const OPTIONS = {
  inventory: { short: 'i', value: 'PATH', help: 'inventory file (default: inventory.yaml)' },
  limit: { short: 'l', value: 'PATTERN', help: "limit to these hosts: node1, 'workers:!node3'" },
  tags: { short: 't', value: 'TAGS', help: 'only run tasks with one of these tags: a,b' },
  'skip-tags': { value: 'TAGS', help: 'skip tasks with one of these tags' },
  check: { short: 'C', help: 'make no changes, show what would change' },
  diff: { short: 'D', help: 'show the differences of changed files' },
  forks: { short: 'f', value: 'N', help: 'hosts to run in parallel (default: 25)' },
  repeat: { value: 'N', help: 'run each experiment N times; findings count how often they hold' },
  'extra-vars': { short: 'e', value: 'VARS', help: "key=value key2='two words', {JSON} or @file.yml" },
  verbose: { short: 'v', help: 'show the output of tasks; -vv also commands, -vvv also probes' },
  provider: { value: 'NAME', help: 'provider of the lab: auto, namespaces, qemu' },
  'ask-become-pass': { short: 'K', help: 'ask for the sudo password' },
  'allow-faults': { help: "allow faults, load tests and removal of data on hosts outside Labbook's lab" },
  list: { help: 'list the experiments, their last durations and what they disturb, and exit' },
  'list-hosts': { help: 'list the hosts of each play, and exit' },
  'list-tasks': { help: 'list the tasks of each play, and exit' },
  json: { help: 'print events as JSON lines; never prompt' },
  'no-input': { help: 'never prompt; run on all hosts' },
  yes: { short: 'y', help: 'never prompt, run on all hosts; does not imply --allow-faults' },
  help: { short: 'h', help: 'show this help' },
  version: { help: 'show the version' },
} as const satisfies Readonly<Record<string, OptionSpec>>

type Name = keyof typeof OPTIONS
const SPECS: Readonly<Record<Name, OptionSpec>> = OPTIONS
const NAMES = Object.keys(OPTIONS) as Name[]
const isName = (name: string): name is Name => Object.hasOwn(OPTIONS, name)

/**
 * Parses the command line, without side effects. With `--help` nothing else is validated.
 *
 * @param argv - the arguments after the playbook's name.
 * @param words - the playbook's subcommands; default: none.
 * @throws {UsageError} the command line is invalid; the message is for the user.
 */
export function parseOptions(argv: readonly string[], words: Subcommands = {}): CliOptions {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(SPECS).map(([name, { short, value }]) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) } as const,
      ]),
    ),
    allowPositionals: true,
    strict: false, // our own error messages suggest an option
    tokens: true,
  })
  const values = new Map<Name, string[]>()
  const positional: string[] = []
  const help = tokens.some((token) => token.kind === 'option' && token.name === 'help')
  if (!help) {
    for (const token of tokens) {
      if (token.kind === 'positional')
        positional.push(takesArgument(positional, words) ? token.value : parseSubcommand(token.value, words))
      if (token.kind !== 'option') continue
      const name = parseOptionName(token.name, token.rawName)
      values.set(name, [...(values.get(name) ?? []), valueOf(name, token.value, token.inlineValue)])
    }
  }
  if (!help && takesArgument(positional, words))
    throw new UsageError(
      `"${positional.at(-1) ?? ''}" needs an argument: ${declared(positional.at(-1) ?? '', words) ?? ''}`,
    )
  const all = (name: Name): string[] => values.get(name) ?? []
  const last = (name: Name): string | undefined => all(name).at(-1)
  const on = (name: Name): boolean => values.has(name)
  if (on('ask-become-pass') && (on('no-input') || on('json'))) {
    throw new UsageError(
      `--ask-become-pass prompts, which --${on('json') ? 'json' : 'no-input'} forbids; ` +
        'set ansible_become_password for the hosts instead',
    )
  }
  return {
    inventory: last('inventory') ?? 'inventory.yaml',
    limit: last('limit'),
    tags: all('tags').flatMap((list) => tagList('tags', list)),
    skipTags: all('skip-tags').flatMap((list) => tagList('skip-tags', list)),
    check: on('check'),
    diff: on('diff'),
    forks: wholeNumber('forks', last('forks') ?? '25'),
    repeat: wholeNumber('repeat', last('repeat') ?? '1'),
    extraVars: all('extra-vars').map(parseExtraVars),
    verbosity: all('verbose').length,
    provider: last('provider'),
    askBecomePass: on('ask-become-pass'),
    listHosts: on('list-hosts'),
    listTasks: on('list-tasks'),
    list: on('list'),
    allowFaults: on('allow-faults'),
    json: on('json'),
    noInput: on('no-input') || on('json'),
    yes: on('yes'),
    help,
    version: on('version'),
    args: positional,
  }
}

function parseOptionName(name: string, raw: string): Name {
  if (isName(name)) return name
  const suggestion = raw.startsWith('--') ? closest(name, NAMES) : undefined
  const hint = suggestion === undefined ? '; see --help' : ` (did you mean --${suggestion}?)`
  throw new UsageError(`unknown option ${raw}${hint}`)
}

function valueOf(name: Name, value: string | undefined, inline: boolean | undefined): string {
  if (SPECS[name].value === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`)
    return ''
  }
  // Otherwise `--limit --check` would limit the run to hosts named "--check" and disable check mode.
  if (value === undefined || value === '' || (inline !== true && value.startsWith('-'))) {
    throw new UsageError(`--${name} needs a value: --${name} ${SPECS[name].value}`)
  }
  return value
}

/** A subcommand as declared by the playbook: `snapshot NAME` for `snapshot`. */
const declared = (word: string, words: Subcommands): string | undefined =>
  Object.keys(words).find((each) => each.split(' ')[0] === word)

/** Whether the last positional is a subcommand that takes an argument. */
function takesArgument(positional: readonly string[], words: Subcommands): boolean {
  const last = positional.at(-1)
  return last !== undefined && positional.length === 1 && declared(last, words)?.includes(' ') === true
}

function parseSubcommand(word: string, words: Subcommands): string {
  if (declared(word, words) !== undefined) return word
  const choices = Object.keys(words).map((each) => each.split(' ')[0] ?? each)
  if (choices.length === 0) throw new UsageError(`unexpected argument "${word}"; to limit the hosts: --limit ${word}`)
  const suggestion = closest(word, choices)
  const hint = suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`
  throw new UsageError(`unknown command "${word}"${hint}; valid commands: ${choices.join(', ')}`)
}

function tagList(name: Name, list: string): string[] {
  const tags = list
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
  if (tags.length === 0) throw new UsageError(`--${name} needs at least one tag: --${name} a,b`)
  return tags
}

function wholeNumber(name: Name, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new UsageError(`--${name} must be a whole number from 1 to 9999, not "${text}"`)
}
