import { existsSync, readFileSync } from 'node:fs'
import type { LocustImport, LocustRun } from '../load/index.ts'
import { importLocust, readLocustHistory, readLocustStats, Refusal } from '../load/index.ts'
import { tableLines } from '../text/table.ts'
import { wrap } from '../ui/format/text.ts'
import { HELP_WIDTH, type OptionSpec, optionsSection, parseCommandLine } from './command-line.ts'
import { UsageError } from './usage-error.ts'

const OPTIONS = {
  think: {
    value: 'SECONDS',
    help: 'wait_time of the users: 1.5, or 0.5-2 (default: derived from users, rate and response time)',
  },
  users: { value: 'N', help: 'number of users of runs without a _stats_history.csv' },
  help: { short: 'h', help: 'show this help' },
} as const satisfies Readonly<Record<string, OptionSpec>>

const help = (): string => `Says what results of Locust allow to conclude about replicas, and what not.

Usage: npx zx playbooks/load-import.mjs REPLICAS=FILE... [options]

  REPLICAS=FILE  a _stats.csv of Locust (--csv), and the number of replicas
                 that served it; its _stats_history.csv is read too, if it is
                 beside it. The first number is compared with the others;
                 repeat a number for repeated runs.

${optionsSection(OPTIONS)}

Examples:
  npx zx playbooks/load-import.mjs 1=one_stats.csv 4=four_stats.csv
  # without histories: 100 users who wait 0.5 to 2 s
  npx zx playbooks/load-import.mjs 1=one_stats.csv 4=four_stats.csv --users 100 --think 0.5-2

Exit codes:
  0  the files were read, whatever they allow to conclude
  1  error: command line or files
`

/** Runs `playbooks/load-import.mjs` from its command line. */
export const loadImport = (argv: readonly string[]): Promise<0 | 1> => Promise.resolve(run(argv))

function run(argv: readonly string[]): 0 | 1 {
  try {
    const parsed = parseCommandLine<keyof typeof OPTIONS>(argv, OPTIONS)
    if (parsed === 'help') process.stdout.write(help())
    else {
      const { all, positionals } = parsed
      const [think, users] = [thinkTime(all('think').at(-1)), wholeUsers(all('users').at(-1))]
      if (positionals.length === 0)
        throw new UsageError('specify results of Locust: 1=one_stats.csv 4=four_stats.csv; see --help')
      process.stdout.write(importText(importLocust(positionals.map(readRun), { think, users })))
    }
    return 0
  } catch (error) {
    if (![UsageError, Refusal].some((type) => error instanceof type)) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  }
}

/** Mean seconds: `1.5`, or of a uniform distribution: `0.5-2`. */
function thinkTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const match = /^(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?$/.exec(text)
  const [low, high] = [Number(match?.[1] ?? Number.NaN), Number(match?.[2] ?? match?.[1] ?? Number.NaN)]
  if (low <= high) return (low + high) / 2
  throw new UsageError(`--think must be seconds such as 1.5, or a range such as 0.5-2, not "${text}"`)
}

function wholeUsers(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,6}$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new UsageError(`--users must be a whole number, not "${text}"`)
}

/** @param argument - `REPLICAS=FILE`. */
function readRun(argument: string): LocustRun {
  const [, replicas, file] = /^([1-9]\d{0,3})=(.+)$/.exec(argument) ?? []
  if (replicas === undefined || file === undefined)
    throw new UsageError(
      `"${argument}" must be REPLICAS=FILE, such as 4=${argument.replace(/^.*=/, '') || 'four_stats.csv'}`,
    )
  const history = file.replace(/_stats\.csv$/, '_stats_history.csv')
  return {
    replicas: Number(replicas),
    stats: readLocustStats(file, textFrom(file)),
    history: history !== file && existsSync(history) ? readLocustHistory(history, textFrom(history)) : undefined,
  }
}

function textFrom(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UsageError(code === 'ENOENT' ? `file "${file}" not found` : `cannot read "${file}": ${message}`)
  }
}

const VERDICTS = new Map([
  [true, '✓ holds'],
  [false, '✗ does not hold'],
  [null, '? inconclusive'],
])

/** Statistics, findings, and what the files do not allow to conclude. */
const importText = ({ runs, findings, limits }: LocustImport): string =>
  [
    ...tableLines(
      [
        [
          'REPLICAS',
          'USERS',
          'SECONDS',
          'REQUESTS',
          'FAILED',
          'PER S',
          'MEAN MS',
          'P50 MS',
          'P95 MS',
          'P99 MS',
          'MAX MS',
        ],
        ...runs.map(({ run: { replicas, stats }, phase }) => [
          replicas,
          phase.users ?? '?',
          phase.seconds.toFixed(0),
          phase.requests,
          phase.failures,
          phase.requestsPerSecond.toFixed(1),
          phase.mean.toFixed(0),
          ...['50', '95', '99'].map((p) => stats.total.percentiles[p]?.toFixed(0) ?? 'N/A'),
          stats.total.max.toFixed(0),
        ]),
      ],
      { align: ['right'] },
    ),
    'Without ramp-up where there is a history; percentiles and maximum are of the whole run.',
    '',
    ...findings.flatMap(({ statement, holds, detail }) => [
      `${VERDICTS.get(holds)}: ${statement}`,
      ...wrapped(detail, '    '),
    ]),
    '',
    'Limits:',
    ...limits.flatMap((limit) => wrapped(limit, '  - ')),
    '',
  ].join('\n')

/** Lines of a text; the first starts with `indent`, the others with as many spaces. */
const wrapped = (text: string, indent: string): string[] =>
  wrap(text, HELP_WIDTH - indent.length).map(
    (line, place) => `${place === 0 ? indent : ' '.repeat(indent.length)}${line}`,
  )
