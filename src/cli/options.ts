import { parseArgs } from 'node:util'
import { parseExtraVars, type ExtraVars } from './extra-vars.ts'
import { closest } from './suggest.ts'
import { UsageError } from './usage-error.ts'

/** What the command line asks for; the same on every playbook. */
export interface Options {
  readonly inventory: string
  /** A host pattern, as given. */
  readonly limit: string | undefined
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly check: boolean
  readonly diff: boolean
  /** How many hosts are worked on at a time. */
  readonly forks: number
  /** How often each experiment is done. */
  readonly repeat: number
  /** In the order given; later ones win. */
  readonly extraVars: readonly ExtraVars[]
  /** The number of `-v`. */
  readonly verbosity: number
  readonly askBecomePass: boolean
  /** What the lab is made of, where not as the inventory says. */
  readonly provider: string | undefined
  readonly listHosts: boolean
  readonly listTasks: boolean
  /** List the experiments. */
  readonly list: boolean
  /** Hosts outside Labbook's lab may be disturbed. */
  readonly allowFaults: boolean
  readonly json: boolean
  /** No question may be asked: `--no-input`, or `--json`, whose reader is a program. */
  readonly noInput: boolean
  readonly yes: boolean
  readonly help: boolean
  readonly version: boolean
  /** What stood beside the options, each one a word the playbook declared. */
  readonly words: readonly string[]
}

/**
 * Words a playbook takes beside options, and what each means: `{ up: 'make the lab' }`. `'snapshot NAME'` is followed
 * by a word of the user's own.
 */
export type Words = Readonly<Record<string, string>>

export interface OptionSpec {
  readonly short?: string
  /** The name of its value in the help; absent for a switch. */
  readonly value?: string
  readonly help: string
}

/** Every option, in the order the help lists them. */
export const OPTIONS = {
  inventory: { short: 'i', value: 'PATH', help: 'hosts and variables (default: inventory.yaml)' },
  limit: { short: 'l', value: 'PATTERN', help: "only these hosts: node1, 'workers:!node3'" },
  tags: { short: 't', value: 'TAGS', help: 'only tasks with one of these tags: a,b' },
  'skip-tags': { value: 'TAGS', help: 'no tasks with one of these tags' },
  check: { short: 'C', help: 'change nothing, show what would change' },
  diff: { short: 'D', help: 'show the text before and after each change' },
  forks: { short: 'f', value: 'N', help: 'hosts worked on at a time (default: 25)' },
  repeat: { value: 'N', help: 'do each experiment N times; findings say how often they held' },
  'extra-vars': { short: 'e', value: 'VARS', help: "key=value key2='two words', {JSON} or @file.yml" },
  verbose: { short: 'v', help: 'output of tasks; -vv commands, -vvv probes too' },
  provider: { value: 'NAME', help: 'what a lab is made of: auto, namespaces, qemu' },
  'ask-become-pass': { short: 'K', help: 'ask for the password sudo wants' },
  'allow-faults': { help: "allow faults, load tests and removal of data on hosts outside Labbook's lab" },
  list: { help: 'list the experiments: what each disturbs, how long it took last time; runs none' },
  'list-hosts': { help: 'list the hosts of each play and end' },
  'list-tasks': { help: 'list the tasks of each play and end' },
  json: { help: 'events as JSON lines on stdout; asks nothing' },
  'no-input': { help: 'never ask a question; all hosts' },
  yes: { short: 'y', help: 'ask no question, all hosts; does not imply --allow-faults' },
  help: { short: 'h', help: 'show this text' },
  version: { help: 'show the version' },
} as const satisfies Readonly<Record<string, OptionSpec>>

type Name = keyof typeof OPTIONS
const SPECS: Readonly<Record<Name, OptionSpec>> = OPTIONS
const NAMES = Object.keys(OPTIONS) as Name[]
const isName = (name: string): name is Name => Object.hasOwn(OPTIONS, name)

/**
 * Reads the command line. Pure: no file is opened and nothing is asked. With `--help` nothing else is judged.
 *
 * @param argv - what follows the playbook's name.
 * @param words - the words this playbook takes beside options; none by default.
 * @throws {UsageError} the command line cannot be understood; the message is all the user needs to see.
 */
export function parseOptions(argv: readonly string[], words: Words = {}): Options {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(SPECS).map(([name, { short, value }]) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) } as const,
      ]),
    ),
    allowPositionals: true,
    strict: false, // so that our own messages name the option meant
    tokens: true,
  })
  const given = new Map<Name, string[]>()
  const positional: string[] = []
  const help = tokens.some((token) => token.kind === 'option' && token.name === 'help')
  if (!help) {
    for (const token of tokens) {
      if (token.kind === 'positional')
        positional.push(takesMore(positional, words) ? token.value : knownWord(token.value, words))
      if (token.kind !== 'option') continue
      const name = knownOption(token.name, token.rawName)
      given.set(name, [...(given.get(name) ?? []), valueOf(name, token.value, token.inlineValue)])
    }
  }
  if (!help && takesMore(positional, words))
    throw new UsageError(
      `${positional.at(-1) ?? ''} needs a word more: ${declared(positional.at(-1) ?? '', words) ?? ''}`,
    )
  const all = (name: Name): string[] => given.get(name) ?? []
  const last = (name: Name): string | undefined => all(name).at(-1)
  const on = (name: Name): boolean => given.has(name)
  if (on('ask-become-pass') && (on('no-input') || on('json'))) {
    throw new UsageError(
      `--ask-become-pass asks a question, which --${on('json') ? 'json' : 'no-input'} forbids; ` +
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
    words: positional,
  }
}

function knownOption(name: string, raw: string): Name {
  if (isName(name)) return name
  const meant = raw.startsWith('--') ? closest(name, NAMES) : undefined
  const hint = meant === undefined ? '; --help lists all' : ` (did you mean --${meant}?)`
  throw new UsageError(`unknown option ${raw}${hint}`)
}

function valueOf(name: Name, value: string | undefined, inline: boolean | undefined): string {
  if (SPECS[name].value === undefined) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`)
    return ''
  }
  // Without the second test `--limit --check` would limit the run to hosts named "--check", and not be a check.
  if (value === undefined || value === '' || (inline !== true && value.startsWith('-'))) {
    throw new UsageError(`--${name} needs a value: --${name} ${SPECS[name].value}`)
  }
  return value
}

/** A word as the playbook declares it: `snapshot NAME` for `snapshot`. */
const declared = (word: string, words: Words): string | undefined =>
  Object.keys(words).find((each) => each.split(' ')[0] === word)

/** The last word that was given is one that a word of the user's own follows. */
function takesMore(given: readonly string[], words: Words): boolean {
  const last = given.at(-1)
  return last !== undefined && given.length === 1 && declared(last, words)?.includes(' ') === true
}

function knownWord(word: string, words: Words): string {
  if (declared(word, words) !== undefined) return word
  const choices = Object.keys(words).map((each) => each.split(' ')[0] ?? each)
  if (choices.length === 0) throw new UsageError(`unexpected word "${word}"; to choose hosts: --limit ${word}`)
  const meant = closest(word, choices)
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
  throw new UsageError(`unknown word "${word}"${hint}; one of: ${choices.join(', ')}`)
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
