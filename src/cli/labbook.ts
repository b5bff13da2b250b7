import { labbookVersion } from './labbook-version.ts'
import { HELP_WIDTH, helpSection, suggestion } from './command-line.ts'
import { COMPLETE_VARIABLE } from './completion/variable.ts'
import { UsageError } from './usage-error.ts'

/** A command of `labbook`. */
export interface Command {
  /** Its arguments, as the help shows them. */
  readonly args: string
  /** One line for the help. */
  readonly help: string
  /** Absent for those that `labbook.mjs` runs itself. @returns the exit code. */
  readonly run?: (argv: readonly string[], root: string) => number | Promise<number>
}

/** Each is loaded when it is called. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  init: {
    args: '[DIRECTORY]',
    help: 'create a project: inventory, playbook, template, editor settings',
    run: async (argv) => (await import('./commands/init.ts')).initCommand(argv),
  },
  run: { args: 'PLAYBOOK [options]', help: 'run a playbook: labbook run playbooks/web.ts' },
  exec: {
    args: 'PATTERN [options] -- COMMAND',
    help: 'run one command on the hosts that match a pattern',
    run: async (argv, root) => (await import('./commands/exec.ts')).execCommand(argv, root),
  },
  doc: {
    args: '[MODULE]',
    help: 'show the parameters of a module; without one, all modules',
    run: async (argv) => (await import('./commands/doc.ts')).docCommand(argv),
  },
  inventory: {
    args: '--list|--graph|--host NAME [options]',
    help: 'show hosts, groups and variables of the inventory',
    run: async (argv, root) =>
      (await import('./inventory-command.ts')).inventoryCommand(argv, root, 'npx labbook inventory'),
  },
  report: { args: '[RUN ...] [options]', help: 'render reports again; verify, bundle, list and compare runs' },
  completion: {
    args: 'bash|zsh|fish',
    help: 'print a script that completes commands, options and modules',
    run: async (argv) =>
      (await import('./commands/completion.ts')).completionCommand(
        argv,
        Object.fromEntries(Object.entries(COMMANDS).map(([name, { help: text }]) => [name, text])),
      ),
  },
  lab: { args: '[up|status|down|...]', help: 'manage the lab of the inventory' },
}

const rows = (): [string, string][] =>
  Object.entries(COMMANDS).map(([name, { args, help }]) => [`${name} ${args}`, help])

const help = (): string => `Labbook provisions hosts over SSH and proves what they do.

Usage: npx labbook COMMAND [arguments]

${helpSection('Commands', rows())}

${helpSection('Options', [
  ['-h, --help', 'show this help; after a command, that of the command'],
  ['    --version', 'show the version'],
])}
`

const isHelp = (word: string | undefined): boolean => word === '--help' || word === '-h'

/**
 * Runs a command of `labbook`.
 *
 * @param root - the project directory.
 * @returns the exit code.
 */
export async function labbook(argv: readonly string[], root: string): Promise<number> {
  const [name, ...args] = argv
  if (process.env[COMPLETE_VARIABLE] !== undefined && name === 'run') {
    const { playbookLines } = await import('./completion/playbook-files.ts')
    return print(playbookLines(args[0] ?? '', root))
  }
  try {
    if (name === undefined || isHelp(name)) return print(help())
    if (name === '--version') return print(`labbook ${labbookVersion()}\n`)
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
    if (command === undefined)
      throw new UsageError(
        `unknown command "${name}"${suggestion(name, Object.keys(COMMANDS))}; valid commands: ${Object.keys(COMMANDS).join(', ')}`,
      )
    // The help of this command has its options.
    if (isHelp(args[0]) && name !== 'inventory') return print(commandHelp(name, command))
    if (command.run === undefined)
      throw new UsageError('name the playbook first: labbook run playbooks/web.ts [options]')
    return await command.run(args, root)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

const commandHelp = (name: string, { args, help: text }: Command): string =>
  `${`${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`.slice(0, HELP_WIDTH)}.\n\nUsage: npx labbook ${name} ${args}\n`

function print(text: string): 0 {
  process.stdout.write(text)
  return 0
}
