import { type OptionSpec, parseCommandLine, suggestion } from './command-line.ts'
import { CONNECTION_OPTIONS, connectionOptions, type ConnectionOptions } from './connection-options.ts'
import { parseExtraVars, type ExtraVarsArgument } from './extra-vars.ts'
import { UsageError } from './usage-error.ts'
import { VAULT_OPTIONS, vaultOptions, type VaultOptions } from './vault-options.ts'

/** The options of the command line, the same for every playbook. */
export interface CliOptions {
  /** In command line order; empty without `-i`. */
  readonly inventory: readonly string[]
  /** A host pattern, as specified. */
  readonly limit: string | undefined
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly check: boolean
  /** File for the plan of check mode. */
  readonly out: string | undefined
  /** A saved plan to apply. */
  readonly apply: string | undefined
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
  readonly connection: ConnectionOptions
  readonly vault: VaultOptions
  /** The lab's provider; default: from the inventory. */
  readonly provider: string | undefined
  readonly listHosts: boolean
  readonly listTasks: boolean
  readonly listTags: boolean
  readonly syntaxCheck: boolean
  /** Print the script that completes the options in this shell. */
  readonly completion: CompletionShell | undefined
  /** A run whose failed hosts are the only ones to run on. */
  readonly retryFailed: string | undefined
  readonly startAtTask: string | undefined
  /** Ask before each task. */
  readonly step: boolean
  readonly forceHandlers: boolean
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

const COMPLETION_SHELLS = ['bash', 'zsh', 'fish'] as const
export type CompletionShell = (typeof COMPLETION_SHELLS)[number]

/** Subcommands of a playbook and their help: `{ up: 'create the lab' }`. `'snapshot NAME'` takes an argument. */
export type Subcommands = Readonly<Record<string, string>>

/** Flags of a playbook, and the variable that each sets: `{ all: { help: 'measure all', sets: 'all=true' } }`. */
export type Switches = Readonly<Record<string, { readonly help: string; readonly sets: string }>>

/** All options, in the order of the help. */
export const OPTIONS = {
  inventory: {
    short: 'i',
    value: 'PATH',
    help: 'inventory: a file (YAML or INI), directory, program, or hosts a,b,; repeatable (default: inventory.yaml)',
  },
  limit: { short: 'l', value: 'PATTERN', help: "limit to these hosts: node1, 'workers:!node3', @file" },
  'retry-failed': { value: 'RUN', help: 'only the hosts that failed in this run: a name in runs/, or latest' },
  tags: { short: 't', value: 'TAGS', help: 'only run tasks with one of these tags: a,b' },
  'skip-tags': { value: 'TAGS', help: 'skip tasks with one of these tags' },
  'start-at-task': { value: 'NAME', help: 'start at the task with this name; * and ? are wildcards' },
  step: { help: 'ask before each task whether to run it' },
  check: { short: 'C', help: 'make no changes, show what would change' },
  out: { value: 'FILE', help: 'with --check: save the plan to this file' },
  apply: { value: 'FILE', help: 'make exactly the changes of this saved plan, or none' },
  diff: { short: 'D', help: 'show the differences of changed files' },
  forks: { short: 'f', value: 'N', help: 'hosts to run in parallel (default: 25)' },
  'force-handlers': { help: 'run notified handlers even on hosts that failed' },
  'flush-cache': { help: 'no effect, as facts are gathered in each run and not cached' },
  repeat: { value: 'N', help: 'run each experiment N times; findings count how often they hold' },
  'extra-vars': { short: 'e', value: 'VARS', help: "key=value key2='two words', {JSON} or @file.yml" },
  verbose: { short: 'v', help: 'show the output of tasks; -vv also commands, -vvv also probes' },
  provider: { value: 'NAME', help: 'provider of the lab: auto, namespaces, qemu' },
  ...CONNECTION_OPTIONS,
  'ask-become-pass': { short: 'K', help: 'ask for the sudo password' },
  ...VAULT_OPTIONS,
  'allow-faults': { help: "allow faults, load tests and removal of data on hosts outside Labbook's lab" },
  list: { help: 'list the experiments, their last durations and what they disturb, and exit' },
  'list-hosts': { help: 'list the hosts of each play, and exit' },
  'list-tasks': { help: 'list the tasks of each play, and exit' },
  'list-tags': { help: 'list the tags of each play and its tasks, and exit' },
  'syntax-check': { help: 'check the playbook without contacting a host, and exit' },
  completion: {
    value: 'SHELL',
    choices: COMPLETION_SHELLS,
    help: 'print what completes options in this shell: bash, zsh, fish',
  },
  json: { help: 'print events as JSON lines; never prompt' },
  'no-input': { help: 'never prompt; run on all hosts' },
  yes: { short: 'y', help: 'never prompt, run on all hosts; does not imply --allow-faults' },
  help: { short: 'h', help: 'show this help' },
  version: { help: 'show the version' },
} as const satisfies Readonly<Record<string, OptionSpec>>

type Name = keyof typeof OPTIONS

/**
 * Parses the command line, without side effects. With `--help` nothing else is validated.
 *
 * @param argv - the arguments after the playbook's name.
 * @param words - the playbook's subcommands; default: none.
 * @param switches - the playbook's flags; default: none.
 * @throws {UsageError} the command line is invalid; the message is for the user.
 */
export function parseOptions(argv: readonly string[], words: Subcommands = {}, switches: Switches = {}): CliOptions {
  const parsed = parseCommandLine<string>(argv, { ...OPTIONS, ...switches })
  const help = parsed === 'help'
  const { all, positionals } = help ? { all: () => [], positionals: [] } : parsed
  const args = parseSubcommands(positionals, words)
  const last = (name: Name): string | undefined => all(name).at(-1)
  const on = (name: Name): boolean => all(name).length > 0
  if (on('ask-become-pass') && (on('no-input') || on('json'))) {
    throw new UsageError(
      `--ask-become-pass prompts, which --${on('json') ? 'json' : 'no-input'} forbids; ` +
        'set ansible_become_password for the hosts instead',
    )
  }
  if (on('out') && !on('check')) throw new UsageError('--out saves the plan of check mode: add --check')
  if (on('apply') && on('check')) throw new UsageError('--apply makes changes, and --check makes none: leave out one')
  return {
    inventory: all('inventory'),
    limit: last('limit'),
    tags: all('tags').flatMap((list) => tagList('tags', list)),
    skipTags: all('skip-tags').flatMap((list) => tagList('skip-tags', list)),
    check: on('check'),
    out: last('out'),
    apply: last('apply'),
    diff: on('diff'),
    forks: wholeNumber('forks', last('forks') ?? '25'),
    repeat: wholeNumber('repeat', last('repeat') ?? '1'),
    extraVars: [
      ...all('extra-vars'),
      ...Object.entries(switches).flatMap(([name, { sets }]) => (all(name).length > 0 ? [sets] : [])),
    ].map(parseExtraVars),
    verbosity: all('verbose').length,
    provider: last('provider'),
    askBecomePass: on('ask-become-pass'),
    connection: connectionOptions(all, !on('no-input') && !on('json')),
    vault: vaultOptions(all, !on('no-input') && !on('json')),
    listHosts: on('list-hosts'),
    listTasks: on('list-tasks'),
    listTags: on('list-tags'),
    syntaxCheck: on('syntax-check'),
    completion: completionShell(last('completion')),
    retryFailed: last('retry-failed'),
    startAtTask: last('start-at-task'),
    step: on('step'),
    forceHandlers: on('force-handlers'),
    list: on('list'),
    allowFaults: on('allow-faults'),
    json: on('json'),
    noInput: on('no-input') || on('json'),
    yes: on('yes'),
    help,
    version: on('version'),
    args,
  }
}

/** A subcommand as declared by the playbook: `snapshot NAME` for `snapshot`. */
const declared = (word: string, words: Subcommands): string | undefined =>
  Object.keys(words).find((each) => each.split(' ')[0] === word)

/** The subcommands, each with its argument if it takes one. */
function parseSubcommands(positionals: readonly string[], words: Subcommands): string[] {
  const [first] = positionals
  const takesArgument = first !== undefined && declared(first, words)?.includes(' ') === true
  positionals.forEach((word, i) => {
    if (!(takesArgument && i === 1)) validateSubcommand(word, words)
  })
  if (takesArgument && positionals.length === 1)
    throw new UsageError(`"${first}" needs an argument: ${declared(first, words) ?? ''}`)
  return [...positionals]
}

function validateSubcommand(word: string, words: Subcommands): void {
  if (declared(word, words) !== undefined) return
  const choices = Object.keys(words).map((each) => each.split(' ')[0] ?? each)
  if (choices.length === 0) throw new UsageError(`unexpected argument "${word}"; to limit the hosts: --limit ${word}`)
  throw new UsageError(`unknown command "${word}"${suggestion(word, choices)}; valid commands: ${choices.join(', ')}`)
}

function tagList(name: Name, list: string): string[] {
  const tags = list
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
  if (tags.length === 0) throw new UsageError(`--${name} needs at least one tag: --${name} a,b`)
  return tags
}

function completionShell(name: string | undefined): CompletionShell | undefined {
  if (name === undefined) return undefined
  const shell = COMPLETION_SHELLS.find((known) => known === name)
  if (shell === undefined) throw new UsageError(`--completion must be ${COMPLETION_SHELLS.join(', ')}, not "${name}"`)
  return shell
}

function wholeNumber(name: Name, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new UsageError(`--${name} must be a whole number from 1 to 9999, not "${text}"`)
}
