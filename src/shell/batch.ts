import { StreamSplitter } from './stream-splitter.ts'
import { composeFactQueries, separateFunctions, type FactQuery } from './fact-queries.ts'

/** The output and exit code of one script of a batch. */
export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** Run time on the target in milliseconds; null if its clock has no subsecond resolution. */
  readonly durationMs: number | null
  /** Set if an output is too long for the record. */
  readonly long?: TruncatedOutputs
  /** When the chunks of each output arrived, if that was asked for. */
  readonly arrivals?: { readonly stdout: readonly Arrival[]; readonly stderr: readonly Arrival[] }
}

/** Milliseconds since the start, and how many bytes arrived. */
export type Arrival = readonly [ms: number, bytes: number]

/** The size of an output of which only head and tail are kept. */
export interface TruncatedOutput {
  readonly bytes: number
  /** File with the complete output, relative to the run's directory. */
  readonly file?: string
}

export interface TruncatedOutputs {
  readonly stdout?: TruncatedOutput
  readonly stderr?: TruncatedOutput
}

/** A script of a batch. Plain text may have side effects. */
export type Script = string | Probe

/** A read-only script. */
export interface Probe {
  readonly text: string
  /** Facts that can be queried together with those of other probes. */
  readonly factQueries: readonly FactQuery[]
  /**
   * It does not modify the shell, except for variables and functions that begin with `lb_`, so it needs no subshell.
   * It ends with `return`.
   */
  readonly sideEffectFree: boolean
}

/**
 * Joins scripts into one that runs them in sequence and delimits their outputs: after each script, a line with the
 * delimiter, its index and its exit code goes to both stdout and stderr. Each script runs in a subshell, so that
 * `exit`, `cd` and variables have no effect on others, unless it is marked as side-effect free. A failed script does
 * not stop the batch, unless it is `mustSucceed`. The fact queries of adjacent probes run before the first of them.
 *
 * @param delimiter - a random delimiter that cannot occur in any output; new for each batch.
 */
export function composeBatch(
  steps: readonly Script[],
  delimiter: string,
  mustSucceed: (script: number) => boolean = () => false,
): string {
  const subshell = (text: string): string => `(\n${text}\n)`
  const run = (step: Script): string => {
    if (typeof step === 'string') return `${subshell(step)} </dev/null`
    return step.sideEffectFree ? `lb_do() {\n${step.text}\n}\nlb_do </dev/null` : `${subshell(step.text)} </dev/null`
  }
  const text = segmentsOf(steps).flatMap(({ from, probes }) => {
    if (probes === undefined)
      return [
        `${run(steps[from] as Script)}; lb_end ${from} "$?"${mustSucceed(from) ? '\n[ "$lb_code" = 0 ] || exit 0' : ''}`,
      ]
    const { functions, texts } = separateFunctions(probes)
    const each = probes.map((probe, i) => `${run({ ...probe, text: texts[i] ?? '' })}; lb_end ${from + i} "$?"`)
    const queries = composeFactQueries(probes.flatMap(({ factQueries }) => factQueries))
    if (queries.length === 0) return [functions.join('') + each.join('\n')]
    // One subshell for adjacent probes: facts are valid until the next script that may change something.
    const query = `lb_do() {\n${queries.join('\n')}\n}\nlb_do </dev/null 2>/dev/null; IFS=' \t\n'; set +f`
    return [`${subshell([query, functions.join('') + each.join('\n'), 'exit 0'].join('\n'))} || exit`]
  })
  // EPOCHREALTIME exists only in bash 5; elsewhere it is empty. The kernel's uptime has hundredths and needs no fork.
  return [
    `lb_end() { lb_code=$2; read -r lb_up lb_idle </proc/uptime || lb_up=; printf '\\n%s %s %s %s\\n' ${delimiter} "$1" "$2" "$lb_up"; printf '\\n%s %s %s\\n' ${delimiter} "$1" "$2" >&2; }`,
    `lb_end start 0`,
    ...text,
  ].join('\n')
}

interface Segment {
  /** The index of its first step. */
  readonly from: number
  /** Adjacent probes; undefined: a single plain script. */
  readonly probes?: readonly Probe[]
}

function segmentsOf(steps: readonly Script[]): Segment[] {
  const all: (Segment & { readonly probes?: Probe[] })[] = []
  steps.forEach((step, from) => {
    if (typeof step === 'string') all.push({ from })
    else if (all.at(-1)?.probes === undefined) all.push({ from, probes: [step] })
    else all.at(-1)?.probes?.push(step)
  })
  return all
}

/** Receives the output of one script on one stream. */
export interface OutputSink {
  write(chunk: Buffer): void
  /** The script has ended, or no more output will arrive. Called once. */
  end(): void
}

type StreamName = 'stdout' | 'stderr'

/** Exit code and run time of a script. */
export type ScriptExit = Pick<CommandResult, 'exitCode' | 'durationMs'>

/** Splits the output of a batch by script, as it arrives. */
export class BatchReader {
  readonly #streams: Readonly<Record<StreamName, BatchStream>>

  /** @param gather - creates the sink for a script's output, by its index; -1: output before the first script. */
  constructor(mark: string, gather: (script: number, stream: StreamName) => OutputSink) {
    this.#streams = {
      stdout: new BatchStream(mark, (script) => gather(script, 'stdout')),
      stderr: new BatchStream(mark, (script) => gather(script, 'stderr')),
    }
  }

  write(stream: StreamName, chunk: Buffer): void {
    this.#streams[stream].push(chunk)
  }

  /**
   * Ends the streams.
   *
   * @returns exit codes and run times in order. Scripts that did not complete (connection lost, shell killed) are
   *   absent.
   */
  end(): ScriptExit[] {
    const { stdout, stderr } = this.#streams
    stdout.end()
    stderr.end()
    let since = stdout.endings[0]?.uptime ?? Number.NaN
    return stdout.endings
      .slice(1, Math.min(stdout.endings.length, stderr.endings.length))
      .map(({ exitCode, uptime }) => {
        const durationMs = Number.isFinite(uptime - since) ? Math.round((uptime - since) * 1000) : null
        since = uptime
        return { exitCode, durationMs }
      })
  }
}

class BatchStream {
  /** Of the completed scripts; the first entry is the start of the batch. */
  readonly endings: { readonly exitCode: number; readonly uptime: number }[] = []
  readonly #splitter = new StreamSplitter({
    onBytes: (chunk) => this.#sink?.write(chunk),
    onDelimiter: (words) => this.#onDelimiter(words),
  })
  readonly #open: (script: number) => OutputSink
  #sink: OutputSink | undefined

  constructor(mark: string, open: (script: number) => OutputSink) {
    this.#open = open
    this.#sink = open(-1)
    this.#splitter.setDelimiter(`${mark} `)
  }

  push(chunk: Buffer): void {
    this.#splitter.push(chunk)
  }

  end(): void {
    // The rest looked like the start of a delimiter.
    const rest = this.#splitter.takeBuffer()
    if (rest.length > 0) this.#sink?.write(rest)
    this.#sink?.end()
    this.#sink = undefined
  }

  #onDelimiter([, exitCode, uptime]: readonly string[]): void {
    this.endings.push({ exitCode: Number(exitCode), uptime: Number.parseFloat(uptime ?? '') })
    this.#sink?.end()
    this.#sink = this.#open(this.endings.length - 1)
  }
}
