import { randomBytes } from 'node:crypto'
import { TimeLimit, type Become, type Connection } from '../connection/connection.ts'
import { BatchReader, composeBatch, type CommandResult, type Script } from '../shell/batch.ts'
import type { Recap } from '../events/events.ts'
import { CapturedOutput, type CaptureOptions } from './captured-output.ts'
import { emptyRecap } from './recap.ts'

/** A host during a run: variables, connection, and state so far. */
export interface RunHost {
  readonly name: string
  readonly vars: Readonly<Record<string, unknown>>
  readonly connection: Connection
  /** From the inventory: `ansible_become*`. Keywords of a play or task take precedence. */
  readonly become: { readonly always: boolean; readonly user: string; readonly password?: Become['password'] }
  readonly recap: Recap
  /** From `gather_facts`; kept for the run. */
  facts: Readonly<Record<string, unknown>>
  /** Check mode: why the host is unreachable; an earlier task may create it. */
  unreachableReason?: string
  /** Why the host is excluded from the rest of the run. */
  excluded?: 'failed' | 'unreachable'
}

export const runHost = (given: Pick<RunHost, 'name' | 'vars' | 'connection' | 'become'>): RunHost => ({
  ...given,
  recap: emptyRecap(),
  facts: {},
})

/** The remote shell ended before the batch was complete: it was killed or could not continue. */
export class BatchIncomplete extends Error {
  override readonly name = 'CutShort'
}

export interface BatchOptions {
  readonly become?: Become
  readonly timeLimitSeconds: number
  /** By script index: if this script fails, no later one runs. */
  readonly mustSucceed?: (script: number) => boolean
  /**
   * The number of leading scripts whose results are required. A later one that exceeds the time limit does not discard
   * their results. Default: all.
   */
  readonly requiredCount?: number
  /** By script index: how much output to capture. Default: as much as a plan needs, without overflow file. */
  readonly capture?: (script: number) => CaptureOptions
}

/**
 * Runs scripts on a host in one round trip, with bounded memory for their output.
 *
 * @returns the results in order. There are fewer than scripts only if a `mustSucceed` script failed, or if the time
 *   limit passed after the required ones.
 * @throws {Unreachable | TimeLimit | BecomeFailed} from the connection, {@link BatchIncomplete} if the batch is
 *   incomplete, and any error from writing an overflow file.
 */
export async function runBatch(
  connection: Connection,
  scripts: readonly Script[],
  options: BatchOptions,
): Promise<CommandResult[]> {
  const delimiter = `lb-${randomBytes(9).toString('hex')}`
  const {
    mustSucceed = () => false,
    capture: keep = () => ({ purpose: 'probe' }),
    requiredCount: needed = scripts.length,
    ...exchange
  } = options
  const outputs = new Outputs((script) =>
    script >= 0 && script < scripts.length ? keep(script) : { purpose: 'probe' },
  )
  const reader = new BatchReader(delimiter, (script, stream) => outputs.open(script, stream))
  try {
    const response = await connection.exec(composeBatch(scripts, delimiter, mustSucceed), {
      ...exchange,
      onOutput: (stream, chunk) => {
        reader.write(stream, chunk)
      },
    })
    // A connection without streaming returns the output here.
    reader.write('stdout', response.stdout)
    reader.write('stderr', response.stderr)
    const outcomes = resultsOf(reader, outputs)
    outputs.throwProblem()
    const last = outcomes.at(-1)
    const stopped = last !== undefined && mustSucceed(outcomes.length - 1) && last.exitCode !== 0
    if (outcomes.length < scripts.length && !stopped) {
      const lastLine = outputs.last().stderr.trim().split('\n').at(-1) ?? ''
      throw new BatchIncomplete(
        `the remote shell exited early (exit code ${response.exitCode})${lastLine === '' ? '' : `: ${lastLine}`}`,
      )
    }
    return outcomes
  } catch (error) {
    const outcomes = resultsOf(reader, outputs)
    outputs.throwProblem()
    if (!(error instanceof TimeLimit)) throw error
    if (needed < scripts.length && outcomes.length >= needed) return outcomes
    const { stdout, stderr } = outputs.last()
    throw new TimeLimit(error.message, Buffer.from(stdout), Buffer.from(stderr))
  }
}

/** Results of the completed scripts. */
const resultsOf = (reader: BatchReader, outputs: Outputs): CommandResult[] =>
  reader.end().map((ending, script): CommandResult => ({ ...outputs.of(script), ...ending }))

/** The captured output of a batch. */
class Outputs {
  readonly #capture: (script: number) => CaptureOptions
  readonly #opened = { stdout: [] as CapturedOutput[], stderr: [] as CapturedOutput[] }

  constructor(keep: (script: number) => CaptureOptions) {
    this.#capture = keep
  }

  /** Called in script order; index -1 is output before the first script. */
  open(script: number, stream: 'stdout' | 'stderr'): CapturedOutput {
    const output = new CapturedOutput(stream, this.#capture(script))
    this.#opened[stream].push(output)
    return output
  }

  of(script: number): Pick<CommandResult, 'stdout' | 'stderr' | 'long' | 'arrivals'> {
    const [stdout, stderr] = [this.#opened.stdout[script + 1], this.#opened.stderr[script + 1]]
    const [longOut, longErr] = [stdout?.long(), stderr?.long()]
    return {
      stdout: stdout?.text() ?? '',
      stderr: stderr?.text() ?? '',
      ...((longOut ?? longErr)
        ? { long: { ...(longOut && { stdout: longOut }), ...(longErr && { stderr: longErr }) } }
        : {}),
      ...arrivalsOf(stdout, stderr),
    }
  }

  /** Output of the script that ran last. */
  last(): Pick<CommandResult, 'stdout' | 'stderr'> {
    return this.of(Math.max(this.#opened.stdout.length, this.#opened.stderr.length) - 2)
  }

  /** A failed write to an overflow file ends the run. */
  throwProblem(): void {
    const failed = [...this.#opened.stdout, ...this.#opened.stderr].find(({ problem }) => problem !== undefined)
    if (failed !== undefined) throw failed.problem
  }
}

/** An output without chunks has no sink. */
function arrivalsOf(stdout?: CapturedOutput, stderr?: CapturedOutput): Pick<CommandResult, 'arrivals'> {
  const [out, err] = [stdout?.arrivals(), stderr?.arrivals()]
  return out === undefined || err === undefined ? {} : { arrivals: { stdout: out, stderr: err } }
}
