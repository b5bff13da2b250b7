import type { Chart } from './chart.ts'
import type { Disturbs } from './disturbance.ts'
import type { Exhibit, ExhibitData } from './events.ts'

/** A command to run. */
export interface Look {
  readonly command: string
  /** Default: the experiment's first host. `controller` is this machine. */
  readonly host?: string
  /** Default true, as in the plays. */
  readonly become?: boolean
  /** Seconds, on machines with processors of their own. Default 60. */
  readonly timeout?: number
}

/** What a command printed. */
export interface Seen {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** A command to run and keep as an exhibit. */
export interface Observation extends Look {
  /** What the picture shows, in a few words: also the stem of the exhibit's id. */
  readonly title: string
  /** What the exhibit shows in place of a command that nobody would read: what it does, in a line. */
  readonly shown?: string
}

/** A command to run again and again until its output is as wished; the last one is kept. */
export interface Watch extends Observation {
  readonly until: (seen: { stdout: string; exitCode: number }) => boolean
  /** Seconds until it gives up, on machines with processors of their own. Default 60. */
  readonly within?: number
  /** Seconds between looks, likewise. Default 1. */
  readonly every?: number
  /** What the screen says is awaited, as it follows "waiting for": `node3 Down`. Default: the title in quotes. */
  readonly awaits?: string
}

/** What a watch came to. */
export interface Watched {
  readonly reached: boolean
  /** Seconds it took, or gave up after. */
  readonly seconds: number
  readonly exhibit: Exhibit
}

export interface Verdict {
  /** null: cannot tell. */
  readonly holds: boolean | null
  readonly evidence: readonly Exhibit[]
  /** What was measured, in a line. */
  readonly detail?: string
  /** Numbers to be compared when the experiment is done again: name -> value and unit. */
  readonly measured?: Readonly<Record<string, readonly [value: number, unit: string]>>
}

/** What this program itself measured, such as answers to requests it sent. */
export interface Recorded {
  readonly title: string
  readonly command: string
  readonly stdout: string
  readonly durationMs: number
  readonly chart?: Chart
  readonly data?: readonly ExhibitData[]
}

/** What an experiment works with. All it sees is recorded, but for what it only looks at. */
export interface ExperimentContext {
  readonly hosts: readonly string[]
  /**
   * How many times slower than with processors of their own the machines are (`slowdownOf`): time limits of looks and
   * watches are so many times as long.
   */
  readonly slowdown: number
  readonly groups: Readonly<Record<string, readonly string[]>>
  hostvars(host: string): Readonly<Record<string, unknown>>
  /** Runs a command and records it with its output. A failed command is an exhibit like any other. */
  exhibit(observation: Observation): Promise<Exhibit>
  watch(watch: Watch): Promise<Watched>
  /**
   * Runs a command that is no evidence by itself, such as one of many samples, which are recorded together in the end.
   */
  look(look: Look): Promise<Seen>
  record(what: Recorded): Exhibit
  /**
   * Waits for some seconds, as given, and says what for: `node3 to receive tasks`. Ends at once when the run is
   * interrupted.
   */
  pause(seconds: number, what: string): Promise<void>
  /**
   * Says what is awaited from now on, and for how many seconds at most, as given. For waiting that the caller does
   * itself.
   */
  waiting(what: string, withinSeconds: number): void
  finding(id: string, verdict: Verdict): void
  /** Says of every finding that has not been made yet that it cannot be told, and why. */
  cannotTell(why: string, evidence?: readonly Exhibit[]): void
  notice(message: string, level?: 'info' | 'warning'): void
  readonly signal: AbortSignal
}

/**
 * Of the context what a start state is looked at with, and what things are put back with: no findings are made there.
 */
export type CareContext = Omit<ExperimentContext, 'finding' | 'cannotTell'>

export interface ExperimentOptions {
  readonly hosts: string
  readonly tags?: string | readonly string[]
  /** Which hosts it injects a fault into, loads, changes or removes data from, and how. `false`: it only looks. */
  readonly disturbs: false | Disturbs
  /** Each finding it will make: id -> statement. Those it does not come to are reported as "cannot tell". */
  readonly proves: Readonly<Record<string, string>>
  /**
   * The same of what is not claimed but asked: that a statement does not hold is an answer there, and the run has not
   * failed.
   */
  readonly asks?: Readonly<Record<string, string>>
  /** What is expected to be seen, and why: one or two sentences, written before it is. */
  readonly hypothesis?: string
  /** Looks whether things are as they must be before anything is disturbed. Throws with what is not. */
  readonly start?: (on: CareContext) => Promise<void>
  /**
   * Puts back what the experiment has disturbed. Runs whatever happens once the start state was as it must be: also
   * after a failure and after Ctrl-C, then over new connections. Must do its work from wherever the experiment stopped.
   */
  readonly restore?: (on: CareContext) => Promise<void>
}

/** Looks at a running system, perhaps disturbs it, and says what was seen. */
export interface Experiment extends ExperimentOptions {
  readonly kind: 'experiment'
  readonly name: string
  readonly observe: (on: ExperimentContext) => Promise<void>
}

/** An experiment as data, to stand among plays. */
export const experiment = (
  name: string,
  options: ExperimentOptions,
  observe: (on: ExperimentContext) => Promise<void>,
): Experiment => ({ ...options, kind: 'experiment', name, observe })
