import { wrap } from '../ui/format/text.ts'
import { HELP_WIDTH, type HelpRow, helpSection, optionsSection } from './command-line.ts'
import { OPTIONS, type Subcommands, type Switches } from './options.ts'

export interface HelpOptions {
  /** What runs the playbook: `npx zx playbooks/shop.mjs`. */
  readonly command: string
  readonly description: string
  /** The names of its plays and experiments, in order. */
  readonly steps?: readonly string[]
  readonly subcommands?: Subcommands
  readonly switches?: Switches
  /** An extra variable of the playbook, for the example: `shop_replicas=6`. */
  readonly variable?: string | undefined
}

const EXIT_CODES: readonly HelpRow[] = [
  ['0', 'success'],
  ['1', 'error: command line, inventory, or a bug'],
  ['2', 'a host failed, a finding does not hold, or the run was refused'],
  ['4', 'a host was unreachable'],
  ['130', 'interrupted'],
]

/** The text of `--help`, aligned, at most 80 columns wide. */
export function helpText({
  command,
  description,
  steps = [],
  subcommands: words = {},
  switches = {},
  variable,
}: HelpOptions): string {
  const subcommands = Object.keys(words)
  const blocks = [
    wrap(description, HELP_WIDTH).join('\n'),
    `Usage: ${command}${subcommands.length > 0 ? ` [${subcommands.join('|')}]` : ''} [options]`,
    helpSection(
      'What it does',
      steps.map((step, i): HelpRow => [`${i + 1}.`, step]),
    ),
    helpSection('Commands', Object.entries(words)),
    optionsSection({ ...switches, ...OPTIONS }),
    `Examples:\n${examples(command, subcommands[0], variable)}`,
    helpSection('Exit codes', EXIT_CODES),
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function examples(command: string, subcommand: string | undefined, variable = 'ansible_user=admin'): string {
  const run = subcommand === undefined ? command : `${command} ${subcommand}`
  return [
    ['run it on all hosts', `${run} --yes`],
    ['show what would change on one host, with diffs', `${run} -CD --limit node1`],
    ['set a variable for all hosts', `${run} -e ${variable}`],
    ['process the results in a program', `${run} --json | jq -c .type`],
  ]
    .map(([what, line]) => `  # ${what}\n  ${line}`)
    .join('\n')
}
