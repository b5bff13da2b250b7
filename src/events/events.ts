import type { Diff } from '../modules/module.ts'
import type { TruncatedOutputs } from '../shell/batch.ts'
import type { Chart } from './chart.ts'
import type { MessageList, Message, Text } from './message.ts'
import type { ReportQuestion } from './report-questions.ts'

/** A text as data. */
type DataText = Exclude<Text, string>

/** Author, title and course of the report. */
export interface ReportMetadata {
  readonly author?: string
  readonly title?: string
  readonly course?: string
}

/** Ansible's states, and `unknown`: in check mode, the task depends on an earlier one that has not run. */
export type Status = 'ok' | 'changed' | 'failed' | 'skipped' | 'unreachable' | 'unknown'

/** Ansible's recap of a host. `unknown` is above 0 only in check mode. */
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

/** A script and its output. */
export interface CommandRecord {
  readonly kind: 'probe' | 'change' | 'verify'
  readonly script: string
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** Milliseconds on the target; null if its clock has no such resolution. */
  readonly durationMs: number | null
  /** Set for outputs over 1 MiB: `stdout` and `stderr` then contain their first and last 512 KiB. */
  readonly long?: TruncatedOutputs
}

export interface PlannedChange {
  readonly description: string
  readonly diff?: Diff
}

interface Base {
  /** ISO 8601, UTC, by the controller's clock. */
  readonly time: string
}

/**
 * Version of the events. It increases when a reader of the version before would misread an event; a new field or a new
 * type of event does not increase it.
 */
export const EVENT_SCHEMA = 1

export interface RunStart extends Base {
  readonly type: 'run_start'
  readonly playbook: string
  /** {@link EVENT_SCHEMA}. Absent in event logs of versions before it, which have schema 1. */
  readonly schema?: number
  readonly version: string
  readonly argv: readonly string[]
  readonly check: boolean
  readonly hosts: readonly string[]
  /** Author and title of the report. */
  readonly about?: ReportMetadata
  /** Absent in event logs of older versions: their reports have no questions. */
  readonly questions?: readonly ReportQuestion[]
  /** Declared variables that the inventory sets for all hosts, for `report.mjs reproduce`; not `--extra-vars`. */
  readonly variables?: Readonly<Record<string, unknown>>
  readonly controller: { readonly hostname: string; readonly node: string; readonly platform: string }
}

export interface PlayStart extends Base {
  readonly type: 'play_start'
  readonly play: string
  readonly hosts: readonly string[]
  /** `experiment`: its commands do not count in the recap. */
  readonly kind: 'play' | 'experiment'
  /** Position among the plays and experiments of the run. Absent in event logs of older versions. */
  readonly phase?: Phase
  /** The expected result of an experiment, written beforehand. */
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
  /** The host it ran on, if it differs (`delegate_to`). */
  readonly delegatedTo?: string
  readonly status: Status
  /** Failed or unreachable, but the play continues (`ignore_errors`, `ignore_unreachable`). */
  readonly ignored: boolean
  /** Failed, and the `rescue` of a block runs. */
  readonly rescued?: true
  /** One line: why it failed, was skipped or is unknown. */
  readonly message?: string
  /** Check mode: the task is unknown, but it changes nothing. */
  readonly readOnly?: boolean
  /** Text that the task prints for the user, such as that of `debug`. */
  readonly msg?: string
  readonly changes: readonly PlannedChange[]
  readonly commands: readonly CommandRecord[]
  /** Output of the last command, as in Ansible's results. */
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
  readonly start: string
  readonly durationMs: number
  readonly attempts: number
}

/** Lines that a running task has printed, with `-v`. Only for the screen: the event log has the result of the task. */
export interface OutputEvent extends Base {
  readonly type: 'output'
  readonly host: string
  readonly task: string
  readonly stream: 'stdout' | 'stderr'
  readonly lines: readonly string[]
}

/** A wait with a timeout. It ends with the next event of its host or experiment. */
export interface WaitEvent extends Base {
  readonly type: 'waiting'
  /** The play or experiment. */
  readonly play: string
  /** The host that the task runs for or the command runs on. */
  readonly host?: string
  /** Follows "waiting for": `node3 Down`. */
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

/** A command and its unmodified output: evidence for findings. */
export interface Exhibit extends Base {
  readonly type: 'exhibit'
  /** Unique in the run and a valid file name: `swarm-nodes-1`. */
  readonly id: string
  readonly experiment: string
  readonly title: string
  /** Its texts as data, for reports in other languages. Absent for titles without values, and for output of hosts. */
  readonly messages?: { readonly title?: DataText; readonly command?: DataText; readonly stdout?: DataText }
  /** `controller` for commands on this machine. */
  readonly host: string
  readonly command: string
  /** Shown on the terminal instead: what a person would type. Absent if it is the command. */
  readonly displayCommand?: string
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  readonly start: string
  readonly durationMs: number
  /** As in {@link CommandRecord}. */
  readonly long?: TruncatedOutputs
  /**
   * When its output arrived: milliseconds since `start`, 1 for stdout or 2 for stderr, and the number of bytes. Absent
   * for measurements, for outputs over 1 MiB, for outputs with a masked secret, and in event logs of older versions.
   */
  readonly chunks?: readonly OutputChunk[]
  /** Shown instead of the terminal output, which remains available as text. */
  readonly chart?: Chart
  /** A PNG in Base64, shown instead of the terminal output: a page in a browser. */
  readonly image?: string
  /** The underlying data. The report writes each item to `data/<id>-<name>`. */
  readonly data?: readonly ExhibitData[]
}

export type OutputChunk = readonly [ms: number, stream: 1 | 2, bytes: number]

/** A data file, such as `requests.csv`. */
export interface ExhibitData {
  readonly name: string
  readonly text: string
}

/** In how many repetitions of an experiment a finding held. */
export interface RepetitionCounts {
  readonly held: number
  readonly failed: number
  /** Inconclusive. */
  readonly unknown: number
}

/** A metric of a finding, with one value per repetition. */
export interface Metric {
  /** `time to Down` */
  readonly name: string
  /** `s`, `requests/s`; empty for a dimensionless number. */
  readonly unit: string
  readonly values: readonly number[]
}

/** A claim about the cluster, and the exhibits that prove or disprove it. */
export interface Finding extends Base {
  readonly type: 'finding'
  /** `app.replicas.answer` */
  readonly id: string
  readonly experiment: string
  readonly statement: string
  /** null: inconclusive. */
  readonly holds: boolean | null
  /** A question, not a claim: a negative answer is no failure. */
  readonly question?: true
  readonly evidence: readonly string[]
  /** The measured result, or why it is inconclusive, in one line. */
  readonly detail?: string
  /** Statement and detail as data, for reports in other languages. Absent for texts without values. */
  readonly messages?: { readonly statement?: Message; readonly detail?: Message | MessageList }
  /** Set for repeated experiments; `holds` is true if it held every time. */
  readonly times?: RepetitionCounts
  readonly measured?: readonly Metric[]
}

/** A message for the user: IPVS not available, a fallback used. */
export interface LogEvent extends Base {
  readonly type: 'notice'
  readonly level: 'info' | 'warning' | 'error'
  readonly host?: string
  readonly message: string
  /** The message as data, for reports in other languages. */
  readonly messages?: { readonly message: DataText }
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
  | WaitEvent
  | OutputEvent
  | TaskResult
  | ExhibitStart
  | Exhibit
  | Finding
  | LogEvent
  | RunEnd

/** Receives events in order: the event log, the screen and `--json`. */
export type Subscriber = (event: RunEvent) => void
