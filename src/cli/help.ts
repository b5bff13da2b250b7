import { wrap } from '../ui/format/text.ts'
import { OPTIONS, type OptionSpec, type Words } from './options.ts'
import { table } from './table.ts'

export interface HelpSubject {
  /** The entry's file name: `site.mjs`. */
  readonly playbook: string
  readonly description: string
  /** What it does, in order. */
  readonly steps?: readonly string[]
  readonly words?: Words
  /** An extra variable that the playbook reads, for the example: `counter_replicas=6`. */
  readonly variable?: string | undefined
}

const WIDTH = 80
const EXIT_CODES: readonly Row[] = [
  ['0', 'all went well'],
  ['1', 'an error: the command line, the inventory, a bug'],
  ['2', 'a host failed, a finding does not hold, or the run was refused'],
  ['4', 'a host was unreachable'],
  ['130', 'interrupted'],
]

type Row = readonly [term: string, meaning: string]

/** The text of `--help`: aligned and at most 80 columns wide. */
export function helpText({ playbook, description, steps = [], words = {}, variable }: HelpSubject): string {
  const command = `npx zx playbooks/${playbook}`
  const choices = Object.keys(words)
  const blocks = [
    wrap(description, WIDTH).join('\n'),
    `Usage: ${command}${choices.length > 0 ? ` [${choices.join('|')}]` : ''} [options]`,
    section(
      'What it does',
      steps.map((step, i): Row => [`${i + 1}.`, step]),
    ),
    section('Words', Object.entries(words)),
    section('Options', Object.entries<OptionSpec>(OPTIONS).map(optionRow)),
    `Examples:\n${examples(command, choices[0], variable)}`,
    section('Exit codes', EXIT_CODES),
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function optionRow([name, { short, value }]: [string, OptionSpec]): Row {
  const dashed = short === undefined ? '    ' : `-${short}, `
  const help = OPTIONS[name as keyof typeof OPTIONS].help
  return [`${dashed}--${name}${value === undefined ? '' : ` ${value}`}`, help]
}

function examples(command: string, word: string | undefined, variable = 'ansible_user=admin'): string {
  const run = word === undefined ? command : `${command} ${word}`
  return [
    ['run it on all hosts', `${run} --yes`],
    ['show what would change on one host, and how', `${run} -CD --limit node1`],
    ['set a variable for all hosts', `${run} -e ${variable}`],
    ['follow every result from a program', `${run} --json | jq -c .type`],
  ]
    .map(([what, line]) => `  # ${what}\n  ${line}`)
    .join('\n')
}

function section(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return ''
  return `${title}:\n${table(rows, WIDTH - 2).replace(/^/gm, '  ')}`
}
