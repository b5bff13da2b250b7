import type { Options } from './options.ts'
import type { Case } from './results.ts'
import { isAgain, type Runner, type Workload } from './runners/runner.ts'
import { SLOW_SECONDS } from './options.ts'

const TASKS: Readonly<Record<Workload, number>> = { first: 25, second: 25, trivial: 1, commands: 100, four: 4 }

/** Seconds to start and end a host, for each run of a runner. */
const HOST_SECONDS = 0.04

/** Estimated seconds per trial on two cores; with one host, the controller and the host wait for each other. */
const trialSeconds = ({ expected }: Runner, { workload, hosts }: Case): number =>
  expected.start + expected.task * TASKS[workload] * Math.max(hosts, 2) * (workload === 'first' ? 1.5 : 1)

/** Rough estimate of the duration as text, on two cores. */
export function estimate(runners: readonly Runner[], cases: readonly Case[], { repeat, slowRepeat }: Options): string {
  let seconds = 0
  for (const which of cases) {
    for (const runner of runners.filter(({ workloads }) => workloads?.includes(which.workload) ?? true)) {
      const trial = trialSeconds(runner, which)
      const runs = (trial > SLOW_SECONDS ? slowRepeat : repeat) + (isAgain(which.workload) ? 3 : 2)
      seconds += runs * (trial + which.hosts * HOST_SECONDS)
    }
  }
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
}
