import type { RunStart } from '../events/events.ts'
import { type CommandLine, type OptionSpec, parseCommandLine } from './command-line.ts'
import { mergeExtraVars, parseExtraVars } from './extra-vars.ts'
import { OPTIONS } from './options.ts'
import { reproducedVars, type ReadersProject, type ReproducedVars } from './recorded-values.ts'
import { UsageError } from './usage-error.ts'

type Vars = Readonly<Record<string, unknown>>

/** What the reader specifies on their own command line. */
export interface ReadersPart {
  /** Arguments of the playbook, passed on as they are. */
  readonly argv: readonly string[]
  readonly extraVars: Vars
  /** Base names of the files of `-e @FILE`. */
  readonly files: readonly string[]
}

/** What a run ran: the entry point `playbooks/NAME.mjs`, or the file of `labbook run FILE`, as it was typed. */
export type RecordedProgram =
  | { readonly kind: 'entry'; readonly name: string }
  | { readonly kind: 'file'; readonly file: string }

/** How a run is repeated. */
export interface RepeatedCommand {
  readonly program: RecordedProgram
  readonly args: readonly string[]
  /** What is not as it was in the run, for the reader. */
  readonly notes: readonly string[]
}

/** Options whose values a repeated run takes over. All others are about the reader's hosts, terminal and consent. */
const TAKEN = ['tags', 'skip-tags', 'forks', 'repeat', 'limit'] as const

/**
 * The command that repeats a run: its playbook, subcommands, tags, repetitions and variables. Hosts and connections are
 * the reader's, as is the permission to disturb hosts: a run that somebody handed in may not decide on them.
 *
 * @throws {UsageError} the reader has to specify variables: secrets, files of `-e @FILE`, and what names files, images
 *   or machines of the run.
 */
export function repeatedCommand(
  { argv, check, variables = {} }: RunStart,
  reader: ReadersPart,
  project: ReadersProject,
): RepeatedCommand {
  const { program, args } = recordedProgram(argv)
  if (check)
    throw new UsageError('the run was in check mode: it changed and measured nothing, so there is nothing to repeat')
  const { all, positionals, flags } = recordedOptions(args)
  const own = parseCommandLine<keyof typeof OPTIONS>(reader.argv, OPTIONS)
  const isSet = (name: keyof typeof OPTIONS): boolean => own !== 'help' && own.all(name).length > 0
  const { vars, missingFiles } = recordedVars(all('extra-vars'), variables, reader)
  const others = Object.fromEntries(Object.entries(vars).filter(([name]) => !(name in reader.extraVars)))
  const { taken, ignored, missing } = reproducedVars(others, project)
  if (missing.length > 0 || missingFiles.length > 0) throw new UsageError(missingText(missing, missingFiles))
  const options = TAKEN.filter((name) => !isSet(name)).flatMap((name) =>
    all(name).flatMap((value) => [`--${name}`, value]),
  )
  return {
    program,
    args: [
      ...positionals,
      ...flags,
      ...options,
      ...(Object.keys(taken).length === 0 ? [] : ['--extra-vars', JSON.stringify(taken)]),
      ...reader.argv,
    ],
    notes: notesOf(all('inventory'), ignored, isSet('inventory')),
  }
}

/** @throws {UsageError} the run is of another command, such as `labbook exec`. */
function recordedProgram(argv: readonly string[]): {
  readonly program: RecordedProgram
  readonly args: readonly string[]
} {
  const [, command, word = '', file = ''] = argv
  const name = /^playbooks\/([A-Za-z0-9][\w-]*)\.mjs$/.exec(word)?.[1]
  if (name !== undefined) return { program: { kind: 'entry', name }, args: argv.slice(3) }
  if (command === 'labbook' && word === 'run' && /^[^-]/.test(file))
    return { program: { kind: 'file', file }, args: argv.slice(4) }
  throw new UsageError('the run names no playbook of a project, so it cannot be repeated')
}

interface RecordedOptions extends CommandLine<keyof typeof OPTIONS> {
  /** Flags that its playbook declares, such as `--measure`: it rejects those that it does not know. */
  readonly flags: readonly string[]
}

/** The command line of the run. @throws {UsageError} */
function recordedOptions(argv: readonly string[]): RecordedOptions {
  const options = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length)
  const flags = [...new Set(options)].filter((word) => FLAG.test(word) && !Object.hasOwn(OPTIONS, word.slice(2)))
  const parsed = parsedRun(argv, flags)
  if (parsed === 'help') throw new UsageError('the run only showed its help')
  // After "--" a word may look like an option, and would be one in the repeated command.
  const dashed = parsed.positionals.find((word) => word.startsWith('-'))
  if (dashed !== undefined)
    throw new UsageError(`the run's command line has the argument "${dashed}", so it cannot be repeated`)
  return { ...parsed, flags }
}

const FLAG = /^--[a-z][a-z0-9-]*$/

function parsedRun(argv: readonly string[], flags: readonly string[]): CommandLine<keyof typeof OPTIONS> | 'help' {
  const specs = Object.fromEntries(flags.map((flag): [string, OptionSpec] => [flag.slice(2), { help: '' }]))
  try {
    return parseCommandLine<keyof typeof OPTIONS>(argv, { ...specs, ...OPTIONS })
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(`the command line of the run: ${error.message}`)
  }
}

/** The variables of the inventory, then those of the command line, which override them. */
function recordedVars(
  sources: readonly string[],
  variables: Vars,
  reader: ReadersPart,
): { readonly vars: Vars; readonly missingFiles: readonly string[] } {
  const missingFiles: string[] = []
  const merged: Record<string, unknown> = { ...variables }
  for (const text of sources) {
    const source = parseExtraVars(text)
    if (source.kind === 'file') {
      if (!reader.files.includes(baseName(source.path))) missingFiles.push(source.path)
    } else Object.assign(merged, mergeExtraVars([source], {}))
  }
  return { vars: merged, missingFiles }
}

const baseName = (file: string): string => file.split('/').at(-1) ?? file

function missingText(missing: ReproducedVars['missing'], files: readonly string[]): string {
  const given = [
    ...missing.map(({ name, placeholder }) => `-e ${name}=${placeholder}`),
    ...files.map((file) => `-e @PATH/${baseName(file)}`),
  ].join(' ')
  const hasSecret = missing.some(({ placeholder }) => placeholder === 'VALUE')
  return [
    ...missing.map(({ name, why }) => `${name}: ${why}`),
    ...(files.length === 0 ? [] : [`the run read variables from files that it does not contain: ${files.join(', ')}`]),
    `specify your own: ${given}${hasSecret ? ' (secrets in a file: -e @secrets.yml)' : ''}`,
  ].join('\n')
}

const notesOf = (inventories: readonly string[], ignored: readonly string[], hasInventory: boolean): string[] => [
  ...(inventories.length > 0 && !hasInventory
    ? [`the run used the inventory ${inventories.join(', ')}; this one uses yours`]
    : []),
  ...(ignored.length > 0 ? [`not taken from the run: ${ignored.join(', ')}`] : []),
]
