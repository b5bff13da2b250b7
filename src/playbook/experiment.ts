import type { Chart } from '../events/chart.ts'
import type { Disturbs } from './disturbs.ts'
import type { Message, MessageList, Text } from '../events/message.ts'
import type { Exhibit, ExhibitData } from '../events/events.ts'

/** A command to run. */
export interface CommandOptions {
  readonly command: string
  /** Default: the experiment's first host. `controller` is this machine. */
  readonly host?: string
  /** Default true, as in the plays. */
  readonly become?: boolean
  /** Timeout in seconds, before the timeout multiplier. Default 60. */
  readonly timeout?: number
}

/** The output of a command. */
export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** A command whose output is recorded as an exhibit. */
export interface ExhibitOptions extends CommandOptions {
  /** A short title of the exhibit; its slug becomes the exhibit's id. */
  readonly title: Text
  /** Shown instead of a long or unreadable command. */
  readonly displayCommand?: string
}

/** A command to poll until its output meets a condition. The last output is recorded. */
export interface WatchOptions extends ExhibitOptions {
  readonly until: (result: { stdout: string; exitCode: number }) => boolean
  /** Timeout in seconds, before the timeout multiplier. Default 60. */
  readonly within?: number
  /** Polling interval in seconds, before the timeout multiplier. Default 1. */
  readonly every?: number
  /** Shown in progress output after "waiting for": `node3 Down`. Default: the title in quotes. */
  readonly waitingFor?: string
}

/** The result of a watch. */
export interface WatchResult {
  readonly reached: boolean
  /** Seconds until the condition was met or the timeout passed. */
  readonly seconds: number
  readonly exhibit: Exhibit
}

export interface Verdict {
  /** null: inconclusive. */
  readonly holds: boolean | null
  readonly evidence: readonly Exhibit[]
  /** The measured result, in one line. As a message, reports in other languages translate it. */
  readonly detail?: string | Message | MessageList
  /** Values to compare across repetitions: name -> value and unit. */
  readonly measured?: Readonly<Record<string, readonly [value: number, unit: string]>>
}

/** Measurements by Labbook itself, such as responses to requests it sent. */
export interface RecordOptions {
  readonly title: Text
  /** What was measured, and how. */
  readonly command: Text
  readonly stdout: Text
  readonly durationMs: number
  readonly chart?: Chart
  /** A PNG in Base64. */
  readonly image?: string
  readonly data?: readonly ExhibitData[]
}

/** The API for experiments. Every command is recorded, except with `exec()`. */
export interface ExperimentContext {
  readonly hosts: readonly string[]
  /** Timeout multiplier of the slowest host. It scales the timeouts of commands and watches. */
  readonly timeoutMultiplier: number
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly hostvars: (host: string) => Readonly<Record<string, unknown>>
  /** Runs a command and records its output as an exhibit. A nonzero exit code is not an error. */
  exhibit(command: ExhibitOptions): Promise<Exhibit>
  watch(options: WatchOptions): Promise<WatchResult>
  /** Runs a command without recording it, for example one of many samples that are recorded together later. */
  exec(command: CommandOptions): Promise<CommandResult>
  record(what: RecordOptions): Exhibit
  /**
   * Waits for some seconds, without the timeout multiplier, and reports for what: `node3 to receive tasks`. Ends early
   * if the run is interrupted.
   */
  pause(seconds: number, what: string): Promise<void>
  /** Reports a wait by the caller and its maximum length in seconds, without the timeout multiplier. */
  waiting(what: string, withinSeconds: number): void
  finding(id: string, verdict: Verdict): void
  /** Reports all findings without a verdict as inconclusive, with the reason. */
  inconclusive(why: string | Message, evidence?: readonly Exhibit[]): void
  log(message: Text, level?: 'info' | 'warning'): void
  readonly signal: AbortSignal
}

/** The context for the steady-state check and the rollback: without findings. */
export type SetupContext = Omit<ExperimentContext, 'finding' | 'inconclusive'>

type Statements = Readonly<Record<string, string | Message>>

export interface ExperimentOptions {
  readonly hosts: string
  readonly tags?: string | readonly string[]
  /**
   * Hosts on which it injects faults, generates load, or changes or removes data, and what it does there. `false`:
   * read-only.
   */
  readonly disturbs: false | Disturbs
  /**
   * Claims to prove: finding id -> statement. Without a verdict they are reported as inconclusive. A function is called
   * when the experiment starts, for claims about what an earlier step has found.
   */
  readonly assertions: Statements | (() => Statements)
  /** Questions: finding id -> statement. A negative answer does not fail the run. */
  readonly questions?: Statements
  /** The expected result and why, in one or two sentences, written before the experiment. */
  readonly hypothesis?: string
  /** Checks the steady state before anything is disturbed. Throws an error if it is not met. */
  readonly steadyState?: (on: SetupContext) => Promise<void>
  /**
   * Restores the steady state. Runs after every started experiment, including failed and interrupted ones, then over
   * fresh connections. It must work from any point at which the experiment stopped.
   */
  readonly rollback?: (on: SetupContext) => Promise<void>
}

/** Observes a running system, possibly under an injected fault, and reports findings. */
export interface Experiment extends ExperimentOptions {
  readonly kind: 'experiment'
  readonly name: string
  readonly method: (on: ExperimentContext) => Promise<void> | void
}

/** The claims of an experiment as far as they are known now. */
export const assertionsOf = ({ assertions }: Pick<Experiment, 'assertions'>): Statements =>
  typeof assertions === 'function' ? assertions() : assertions

/** Defines an experiment. */
export const experiment = (
  name: string,
  options: ExperimentOptions,
  method: (on: ExperimentContext) => Promise<void> | void,
): Experiment => ({ ...options, kind: 'experiment', name, method })
