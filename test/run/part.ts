import pLimit from 'p-limit'
import { bundleTests } from './bundle.ts'
import type { Files, Lane, Part } from './parts.ts'
import { runProgram, type ProgramResult, type ProgramOptions } from './programs.ts'
import { commentsOf, NOTHING, sum, tallyOf, withoutPassed, type Tally } from './tally.ts'

/** The result of a part, or of one of its files. */
export interface PartOutcome extends Tally {
  readonly seconds: number
  /** Output to show: comments, and everything but passed assertions of failures. */
  readonly report: string
  readonly ok: boolean
}

/** Options for TypeScript that is not bundled. */
const LOADER = ['--import=tsx']
/**
 * Compute parts yield to parts with timeouts; these yield to the lab, where Swarm nodes exchange heartbeats.
 */
const NICENESS: Readonly<Record<Lane, number>> = { compute: 15, ssh: 5, redis: 5, app: 5, lab: 0, alone: 0 }

/** Runs a part. @param ended - called after each file. */
export async function runPart(
  part: Part,
  ended: (file: string, outcome: PartOutcome) => void = () => undefined,
): Promise<PartOutcome> {
  const started = performance.now()
  const start = { niceness: NICENESS[part.lane] }
  const outcomes =
    'command' in part.work
      ? [outcomeOf(part.name, await runProgram(part.work.command, start), false)]
      : await runFiles(part.name, part.work, start, ended).catch((error: unknown) => [
          { ...NOTHING, failed: 1, seconds: 0, ok: false, report: `${part.name}: ${String(error)}` },
        ])
  const { passed, failed, skipped } = sum(outcomes)
  return {
    passed,
    failed,
    skipped,
    seconds: (performance.now() - started) / 1000,
    ok: outcomes.every(({ ok }) => ok),
    report: outcomes
      .map(({ report }) => report)
      .filter((report) => report !== '')
      .join('\n'),
  }
}

async function runFiles(
  part: string,
  { files, jobs, timeoutSeconds, env = {}, bundle = false }: Files,
  start: ProgramOptions,
  report: (file: string, outcome: PartOutcome) => void,
): Promise<PartOutcome[]> {
  const list = files()
  const programs = bundle ? await bundleTests(part, list) : undefined
  const limit = pLimit(jobs)
  return await Promise.all(
    list.map((file) =>
      limit(async () => {
        const program = programs?.get(file)
        const command = [
          process.execPath,
          '--enable-source-maps',
          ...(program === undefined ? [...LOADER, file] : [program]),
        ]
        // The test times out by itself first, and reports where it was.
        const ended = await runProgram(command, {
          ...start,
          env: { ...env, TAP_TIMEOUT: String(timeoutSeconds) },
          timeoutSeconds: timeoutSeconds + 30,
        })
        const outcome = outcomeOf(file, ended, true)
        report(file, outcome)
        return outcome
      }),
    ),
  )
}

/** A failed program without a failed assertion counts as one failure; so does a test file without assertions. */
function outcomeOf(name: string, { exitCode, output, seconds, timedOut }: ProgramResult, counts: boolean): PartOutcome {
  const tally = tallyOf(output)
  const empty =
    counts && exitCode === 0 && tally.passed + tally.failed + tally.skipped === 0 && !/^1\.\.0/m.test(output)
  const ok = exitCode === 0 && tally.failed === 0 && !empty
  if (ok) return { ...NOTHING, ...tally, seconds, ok, report: indent(name, commentsOf(output)) }
  const why = timedOut
    ? `took longer than its time, and was ended after ${Math.round(seconds)} s`
    : exitCode === null
      ? 'was killed by a signal, or could not start'
      : empty
        ? 'has no assertions'
        : ''
  return {
    ...tally,
    failed: Math.max(1, tally.failed),
    seconds,
    ok,
    report: `${name}: failed${why === '' ? '' : `: ${why}`}\n${withoutPassed(output)}`,
  }
}

const indent = (name: string, text: string): string => (text === '' ? '' : `${name}:\n${text}`)
