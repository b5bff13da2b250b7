import type { Diff } from '../modules/module.ts'
import type { LongOutputs } from '../shell/batch.ts'
import type { About } from './about.ts'
import type { Chart } from './chart.ts'

/** Ansible's states, and `unknown`: check mode cannot tell before an earlier task has run. */
export type Status = 'ok' | 'changed' | 'failed' | 'skipped' | 'unreachable' | 'unknown'

/** Ansible's recap line of a host. `unknown` is only ever more than 0 in check mode. */
export interface Recap {
  ok: number
  changed: number
  unreachable: number
  failed: number
  skipped: number
  rescued: number
  ignored: number
  unknown: number
}

/** A script and what it printed. */
export interface CommandRecord {
  readonly kind: 'probe' | 'change' | 'verify'
  readonly script: string
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** Milliseconds on the target, where it has a clock for it. */
  readonly durationMs: number | null
  /** Of outputs over 1 MiB: `stdout` and `stderr` then have their first and last 512 KiB. */
  readonly long?: LongOutputs
}

export interface PlannedChange {
  readonly description: string
  readonly diff?: Diff
}

interface Base {
  /** ISO 8601, UTC, of the controller. */
  readonly time: string
}

export interface RunStart extends Base {
  readonly type: 'run_start'
  readonly playbook: string
  readonly version: string
  readonly argv: readonly string[]
  readonly check: boolean
  readonly hosts: readonly string[]
  /** Who hands in the report. */
  readonly about?: About
  readonly controller: { readonly hostname: string; readonly node: string; readonly platform: string }
}

export interface PlayStart extends Base {
  readonly type: 'play_start'
  readonly play: string
  readonly hosts: readonly string[]
  /** `experiment`: what it does is observation and does not count in the recap. */
  readonly kind: 'play' | 'experiment'
  /** Its place among the plays and experiments that the run will start. Journals of older versions have none. */
  readonly phase?: Phase
  /** Of an experiment: what was expected, before it was seen. */
  readonly hypothesis?: string
}

/** `{ number: 3, of: 12 }`: the third of twelve. */
export interface Phase {
  readonly number: number
  readonly of: number
}

export interface PlayEnd extends Base {
  readonly type: 'play_end'
  readonly play: string
  readonly durationMs: number
}

export interface TaskStart extends Base {
  readonly type: 'task_start'
  readonly play: string
  readonly task: string
  readonly module: string
  readonly host: string
}

export interface TaskResult extends Base {
  readonly type: 'result'
  readonly play: string
  readonly task: string
  readonly module: string
  readonly handler: boolean
  readonly host: string
  /** The host it ran on, where that is another (`delegate_to`). */
  readonly delegatedTo?: string
  readonly status: Status
  /** Failed, and the play goes on (`ignore_errors`). */
  readonly ignored: boolean
  /** One line: why it failed, was skipped, or cannot be told. */
  readonly message?: string
  readonly changes: readonly PlannedChange[]
  readonly commands: readonly CommandRecord[]
  /** Of the last command, as Ansible's result has them. */
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
  readonly start: string
  readonly durationMs: number
  readonly attempts: number
}

/** Something is awaited for a limited time. It ends with the next event of its host, or of its experiment. */
export interface Waiting extends Base {
  readonly type: 'waiting'
  /** The play or experiment. */
  readonly play: string
  /** The host that the task runs for, or that the command asks. */
  readonly host?: string
  /** What is awaited, as it follows "waiting for": `node3 Down`. */
  readonly for: string
  readonly withinSeconds: number
}

/** An experiment starts a command whose output becomes an exhibit. */
export interface ExhibitStart extends Base {
  readonly type: 'exhibit_start'
  readonly experiment: string
  readonly title: string
  readonly host: string
}

/** A command and its output as it was: the proof that findings point to. */
export interface Exhibit extends Base {
  readonly type: 'exhibit'
  /** Unique in the run, fit for a file name: `swarm-nodes-1`. */
  readonly id: string
  readonly experiment: string
  readonly title: string
  /** `controller` for what was run on this machine. */
  readonly host: string
  readonly command: string
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  readonly start: string
  readonly durationMs: number
  /** As in {@link CommandRecord}. */
  readonly long?: LongOutputs
  /** Shown in place of the terminal; the output stands beside it as text. */
  readonly chart?: Chart
  /** Numbers behind it, for other programs: the report writes each to `data/<id>-<name>`. */
  readonly data?: readonly ExhibitData[]
}

/** A file of numbers, such as `requests.csv`. */
export interface ExhibitData {
  readonly name: string
  readonly text: string
}

/** Of an experiment that was done several times: in how many a finding held. */
export interface Times {
  readonly held: number
  readonly failed: number
  /** It could not be told. */
  readonly unknown: number
}

/** A number that a finding is about, of each time that it was measured. */
export interface Measured {
  /** `time to Down` */
  readonly name: string
  /** `s`, `requests/s`; empty for a plain number. */
  readonly unit: string
  readonly values: readonly number[]
}

/** A statement about the cluster, and the exhibits that prove or disprove it. */
export interface Finding extends Base {
  readonly type: 'finding'
  /** `app.replicas.answer` */
  readonly id: string
  readonly experiment: string
  readonly statement: string
  /** null: cannot tell. */
  readonly holds: boolean | null
  /** It was asked, not claimed: that it does not hold is an answer, and no failure. */
  readonly question?: true
  readonly evidence: readonly string[]
  /** Why it could not be told, or what was measured, in a line. */
  readonly detail?: string
  /** Of an experiment that was done more than once; `holds` is true when it held each time. */
  readonly times?: Times
  readonly measured?: readonly Measured[]
}

/** Something the user should know: no IPVS here, a fallback taken. */
export interface Notice extends Base {
  readonly type: 'notice'
  readonly level: 'info' | 'warning' | 'error'
  readonly host?: string
  readonly message: string
}

export interface RunEnd extends Base {
  readonly type: 'run_end'
  readonly status: 'passed' | 'failed' | 'interrupted'
  readonly exitCode: number
  readonly hosts: Readonly<Record<string, Recap>>
  readonly durationMs: number
}

export type RunEvent =
  | RunStart
  | PlayStart
  | PlayEnd
  | TaskStart
  | Waiting
  | TaskResult
  | ExhibitStart
  | Exhibit
  | Finding
  | Notice
  | RunEnd

/** Takes events in the order they happen. The journal, the screen and `--json` are such. */
export type Subscriber = (event: RunEvent) => void
