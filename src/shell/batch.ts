import { Cutter } from './marks.ts'
import { collect, type Shared } from './shared.ts'

/** What one script of a batch printed, and how it ended. */
export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** How long it ran on the target, in milliseconds; null where the target has no clock finer than a second. */
  readonly durationMs: number | null
  /** Of outputs too long for the record. */
  readonly long?: LongOutputs
}

/** How long an output was of which a text shows only the head and the tail. */
export interface LongOutput {
  readonly bytes: number
  /** The file that has all of it, below the run's folder. */
  readonly file?: string
}

export interface LongOutputs {
  readonly stdout?: LongOutput
  readonly stderr?: LongOutput
}

/** A script of a batch. A bare text may do anything. */
export type Step = string | Probe

/** A script that only looks. */
export interface Probe {
  readonly text: string
  /** What it can be told together with others. */
  readonly shares: readonly Shared[]
  /**
   * It leaves the shell as it was, but for variables that begin with `lb_`, so it needs no subshell. `return` ends it.
   */
  readonly contained: boolean
}

/**
 * Joins scripts into one that runs them one after another and tells their outputs apart: after each, a line with the
 * mark, its number and its exit code goes to stdout and stderr alike. Every script has a subshell of its own, so that
 * `exit`, `cd` and variables stay inside, unless it is known to be contained. A failed script does not stop the next,
 * unless it `mustSucceed`. What the probes share is asked for before the first of those that have no other script
 * between them.
 *
 * @param mark - a word that cannot occur in any output; random, new for each batch.
 */
export function composeBatch(
  steps: readonly Step[],
  mark: string,
  mustSucceed: (script: number) => boolean = () => false,
): string {
  const isolated = (text: string): string => `(\n${text}\n)`
  const run = (step: Step): string => {
    if (typeof step === 'string') return `${isolated(step)} </dev/null`
    return step.contained ? `lb_do() {\n${step.text}\n}\nlb_do </dev/null` : `${isolated(step.text)} </dev/null`
  }
  const text = stretches(steps).flatMap(({ from, probes }) => {
    if (probes === undefined)
      return [
        `${run(steps[from] as Step)}; lb_end ${from} "$?"${mustSucceed(from) ? '\n[ "$lb_code" = 0 ] || exit 0' : ''}`,
      ]
    const each = probes.map((probe, i) => `${run(probe)}; lb_end ${from + i} "$?"`)
    const asked = collect(probes.flatMap(({ shares }) => shares))
    if (asked.length === 0) return each
    // A subshell for all of them: the answers are good until the next script that may change something.
    const asking = `lb_do() {\n${asked.join('\n')}\n}\nlb_do </dev/null 2>/dev/null; IFS=' \t\n'; set +f`
    return [`${isolated([asking, ...each, 'exit 0'].join('\n'))} || exit`]
  })
  // EPOCHREALTIME exists only in bash 5; elsewhere it is empty. The kernel's uptime has hundredths and needs no fork.
  return [
    `lb_end() { lb_code=$2; read -r lb_up lb_idle </proc/uptime || lb_up=; printf '\\n%s %s %s %s\\n' ${mark} "$1" "$2" "$lb_up"; printf '\\n%s %s %s\\n' ${mark} "$1" "$2" >&2; }`,
    `lb_end start 0`,
    ...text,
  ].join('\n')
}

interface Stretch {
  /** The place of its first step. */
  readonly from: number
  /** As many as follow one another; undefined: it is one bare script. */
  readonly probes?: readonly Probe[]
}

function stretches(steps: readonly Step[]): Stretch[] {
  const all: (Stretch & { readonly probes?: Probe[] })[] = []
  steps.forEach((step, from) => {
    if (typeof step === 'string') all.push({ from })
    else if (all.at(-1)?.probes === undefined) all.push({ from, probes: [step] })
    else all.at(-1)?.probes?.push(step)
  })
  return all
}

/** Gathers what one script prints on one stream. */
export interface Gather {
  take(chunk: Buffer): void
  /** The script has ended, or nothing more of it will come. Called once. */
  end(): void
}

type StreamName = 'stdout' | 'stderr'

/** How a script of a batch ended. */
export type Ending = Pick<Outcome, 'exitCode' | 'durationMs'>

/** Takes the outputs of a batch apart, as they come. */
export class BatchReader {
  readonly #streams: Readonly<Record<StreamName, BatchStream>>

  /**
   * @param gather - makes what takes the output of a script, by its place in the batch; -1: what is printed before the
   *   first.
   */
  constructor(mark: string, gather: (script: number, stream: StreamName) => Gather) {
    this.#streams = {
      stdout: new BatchStream(mark, (script) => gather(script, 'stdout')),
      stderr: new BatchStream(mark, (script) => gather(script, 'stderr')),
    }
  }

  take(stream: StreamName, chunk: Buffer): void {
    this.#streams[stream].push(chunk)
  }

  /**
   * Nothing more will come.
   *
   * @returns the endings of the scripts in order. Those that did not come to their end (connection lost, shell killed)
   *   are absent.
   */
  end(): Ending[] {
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
  /** Of the scripts that have ended; first that of the word that the batch begins with. */
  readonly endings: { readonly exitCode: number; readonly uptime: number }[] = []
  readonly #cutter = new Cutter({ bytes: (chunk) => this.#gather?.take(chunk), mark: (words) => this.#mark(words) })
  readonly #open: (script: number) => Gather
  #gather: Gather | undefined

  constructor(mark: string, open: (script: number) => Gather) {
    this.#open = open
    this.#gather = open(-1)
    this.#cutter.seek(`${mark} `)
  }

  push(chunk: Buffer): void {
    this.#cutter.push(chunk)
  }

  end(): void {
    // It looked as if a mark began here, and the rest of it did not come.
    const rest = this.#cutter.take()
    if (rest.length > 0) this.#gather?.take(rest)
    this.#gather?.end()
    this.#gather = undefined
  }

  #mark([, exitCode, uptime]: readonly string[]): void {
    this.endings.push({ exitCode: Number(exitCode), uptime: Number.parseFloat(uptime ?? '') })
    this.#gather?.end()
    this.#gather = this.#open(this.endings.length - 1)
  }
}
