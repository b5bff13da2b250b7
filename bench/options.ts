import { parseArgs } from 'node:util'
import { WORKLOADS, type Workload } from './runners/runner.ts'

export interface Options {
  /** Numbers of hosts to measure. */
  readonly hosts: readonly number[]
  readonly workloads: readonly Workload[]
  /** IDs. Default: all available. */
  readonly runners: readonly string[] | undefined
  readonly repeat: number
  /** Repeats of runners that take more than {@link SLOW_SECONDS}. */
  readonly slowRepeat: number
  readonly out: string | undefined
  /** Include the benchmarks of `bench/scale`. */
  readonly scale: boolean
}

/** A runner with a longer warm-up is repeated less often. */
export const SLOW_SECONDS = 20

export const HELP = `npm run bench -- [options]
  --hosts 3,10       numbers of hosts (default: 3,10; up to 250 are sensible on two cores)
  --workloads LIST   of ${WORKLOADS.join(',')} (default: all; commands is for one host)
  --runners LIST     of floor,ssh2-100,labbook,labbook-node,pyinfra,ansible-mitogen,ansible-core,ansible-fast,ansible
  --repeat N         trials of each (default: 5)
  --slow-repeat N    trials of runners that take more than ${SLOW_SECONDS} s each (default: 3)
  --no-scale         without inventories, journals and reports of great size
  --out FILE         every trial as JSON (default: a file in the cache directory)
Exit codes: 0 done, 1 something is wrong (the end states differ, a runner failed), 2 wrong options, 3 a target is not met.
`

/** An invalid command line. */
export class OptionError extends Error {
  override readonly name = 'OptionError'
}

/** @throws {OptionError} */
export function parseOptions(argv: readonly string[]): Options | 'help' {
  const values = parse(argv)
  if (values.help === true) return 'help'
  return {
    hosts: list(values.hosts ?? '3,10').map((text) => wholeNumber('hosts', text, 5000)),
    workloads: list(values.workloads ?? WORKLOADS.join(',')).map(workload),
    runners: values.runners === undefined ? undefined : list(values.runners),
    repeat: wholeNumber('repeat', values.repeat ?? '5', 1000),
    slowRepeat: Math.min(
      wholeNumber('slow-repeat', values['slow-repeat'] ?? '3', 1000),
      wholeNumber('repeat', values.repeat ?? '5', 1000),
    ),
    out: values.out,
    scale: values['no-scale'] !== true,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        hosts: { type: 'string' },
        workloads: { type: 'string' },
        runners: { type: 'string' },
        repeat: { type: 'string' },
        'slow-repeat': { type: 'string' },
        out: { type: 'string' },
        'no-scale': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new OptionError((error as Error).message)
  }
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

function workload(text: string): Workload {
  const found = WORKLOADS.find((name) => name === text)
  if (found === undefined)
    throw new OptionError(`--workloads: unknown workload "${text}"; choose from ${WORKLOADS.join(', ')}`)
  return found
}

function wholeNumber(option: string, text: string, most: number): number {
  if (/^[1-9]\d*$/.test(text) && Number(text) <= most) return Number(text)
  throw new OptionError(`--${option}: invalid value "${text}", use an integer from 1 to ${most}`)
}
