import { randomBytes } from 'node:crypto'
import { TimeLimit, type Become, type Connection } from '../connection/connection.ts'
import { BatchReader, composeBatch, type Outcome, type Step } from '../shell/batch.ts'
import type { Recap } from './events.ts'
import { KeptOutput, type Keep } from './output.ts'
import { emptyRecap } from './recap.ts'

/** A host as the run knows it: its variables, its line, and what became of it so far. */
export interface RunHost {
  readonly name: string
  readonly vars: Readonly<Record<string, unknown>>
  readonly connection: Connection
  /** From the inventory: `ansible_become*`. A play's or task's own words go first. */
  readonly become: { readonly always: boolean; readonly user: string; readonly password?: Become['password'] }
  readonly recap: Recap
  /** From `gather_facts`; kept for the run. */
  facts: Readonly<Record<string, unknown>>
  /** Check mode: why it could not be reached, where an earlier task may be what makes it. */
  unreached?: string
  /** Why it takes no further part. */
  out?: 'failed' | 'unreachable'
}

export const runHost = (given: Pick<RunHost, 'name' | 'vars' | 'connection' | 'become'>): RunHost => ({
  ...given,
  recap: emptyRecap(),
  facts: {},
})

/** The script was cut short on the target: its shell was killed or could not go on. */
export class CutShort extends Error {
  override readonly name = 'CutShort'
}

export interface BatchOptions {
  readonly become?: Become
  readonly timeLimitSeconds: number
  /** By a script's place: if it fails, none after it runs. */
  readonly mustSucceed?: (script: number) => boolean
  /**
   * So many of the scripts, the first ones, are what is asked for. One behind them that outlasts the time limit takes
   * none of them along. Default: all.
   */
  readonly needed?: number
  /** What is kept of a script's output, by its place. Default: what a plan may need, and no file. */
  readonly keep?: (script: number) => Keep
}

/**
 * Runs scripts on a host in one round trip. However much they print, little of it is held in memory.
 *
 * @returns the outcomes in order; fewer than scripts only when one failed that must succeed, or time was up behind
 *   those that are needed.
 * @throws {Unreachable | TimeLimit | BecomeFailed} from the connection, {@link CutShort} when the end is missing, and
 * what a file for a long output throws.
 */
export async function runBatch(
  connection: Connection,
  scripts: readonly Step[],
  options: BatchOptions,
): Promise<Outcome[]> {
  const mark = `lb-${randomBytes(9).toString('hex')}`
  const { mustSucceed = () => false, keep = () => ({ for: 'probe' }), needed = scripts.length, ...exchange } = options
  const outputs = new Outputs((script) => (script >= 0 && script < scripts.length ? keep(script) : { for: 'probe' }))
  const reader = new BatchReader(mark, (script, stream) => outputs.open(script, stream))
  try {
    const answer = await connection.exchange(composeBatch(scripts, mark, mustSucceed), {
      ...exchange,
      onOutput: (stream, chunk) => {
        reader.take(stream, chunk)
      },
    })
    // A connection that gathers the output itself has it here.
    reader.take('stdout', answer.stdout)
    reader.take('stderr', answer.stderr)
    const outcomes = endings(reader, outputs)
    outputs.throwProblem()
    const last = outcomes.at(-1)
    const stopped = last !== undefined && mustSucceed(outcomes.length - 1) && last.exitCode !== 0
    if (outcomes.length < scripts.length && !stopped) {
      const said = outputs.last().stderr.trim().split('\n').at(-1) ?? ''
      throw new CutShort(
        `the shell on the host ended early (exit code ${answer.exitCode})${said === '' ? '' : `: ${said}`}`,
      )
    }
    return outcomes
  } catch (error) {
    const outcomes = endings(reader, outputs)
    outputs.throwProblem()
    if (!(error instanceof TimeLimit)) throw error
    if (needed < scripts.length && outcomes.length >= needed) return outcomes
    const { stdout, stderr } = outputs.last()
    throw new TimeLimit(error.message, Buffer.from(stdout), Buffer.from(stderr))
  }
}

/** Of the scripts that have ended. */
const endings = (reader: BatchReader, outputs: Outputs): Outcome[] =>
  reader.end().map((ending, script): Outcome => ({ ...outputs.of(script), ...ending }))

/** What the scripts of a batch printed. */
class Outputs {
  readonly #keep: (script: number) => Keep
  readonly #opened = { stdout: [] as KeptOutput[], stderr: [] as KeptOutput[] }

  constructor(keep: (script: number) => Keep) {
    this.#keep = keep
  }

  /** Scripts come in order, and before them (-1) what is printed when none has begun. */
  open(script: number, stream: 'stdout' | 'stderr'): KeptOutput {
    const output = new KeptOutput(stream, this.#keep(script))
    this.#opened[stream].push(output)
    return output
  }

  of(script: number): Pick<Outcome, 'stdout' | 'stderr' | 'long'> {
    const [stdout, stderr] = [this.#opened.stdout[script + 1], this.#opened.stderr[script + 1]]
    const [longOut, longErr] = [stdout?.long(), stderr?.long()]
    return {
      stdout: stdout?.text() ?? '',
      stderr: stderr?.text() ?? '',
      ...((longOut ?? longErr)
        ? { long: { ...(longOut && { stdout: longOut }), ...(longErr && { stderr: longErr }) } }
        : {}),
    }
  }

  /** Of the script that was running last. */
  last(): Pick<Outcome, 'stdout' | 'stderr'> {
    return this.of(Math.max(this.#opened.stdout.length, this.#opened.stderr.length) - 2)
  }

  /** A record that cannot be kept ends the run. */
  throwProblem(): void {
    const broken = [...this.#opened.stdout, ...this.#opened.stderr].find(({ problem }) => problem !== undefined)
    if (broken !== undefined) throw broken.problem
  }
}
