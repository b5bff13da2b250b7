import type { ApprovedChanges } from './approved-changes.ts'
import type { RunEvent } from '../events/events.ts'
import type { PredictedEffects } from './predicted-effects.ts'
import type { RunHost } from './run-host.ts'
import type { InputReader } from './inputs.ts'
import type { OpenLiveOutput, OpenOverflowFile } from './captured-output.ts'
import type { Registry } from './registry.ts'
import type { Turns } from './turns.ts'
import type { TagSelection } from '../playbook/tags.ts'
import type { VarReadTracker } from '../values/var-reads.ts'

/** An event without timestamp; the run adds it. */
export type UntimedEvent<E = RunEvent> = E extends RunEvent ? Omit<E, 'time'> : never

/** State shared by all plays of a run. */
export interface RunState {
  readonly check: boolean
  readonly forks: number
  /** `--force-handlers`: for plays that do not say. */
  readonly forceHandlers: boolean
  /** Asks the user whether to run a task or an experiment: `--step`. */
  readonly confirm: ((title: string) => Promise<boolean>) | undefined
  /** `--apply`: the only changes that may be made. */
  readonly approved: ApprovedChanges | undefined
  readonly tags: TagSelection
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** The variables of every host, for templates; each is read when it is used. */
  readonly hostvars: Readonly<Record<string, unknown>>
  /** `--extra-vars`, which override all other variables. */
  readonly extraVars: Readonly<Record<string, unknown>>
  /** Tracks which extra variables are used. */
  readonly varReads: VarReadTracker
  /** Any host of the inventory. Connections open on first use. */
  host(name: string): RunHost
  /** Check mode: what earlier tasks would have changed. */
  readonly predictedEffects: PredictedEffects
  readonly registry: Registry
  /** Tasks that several hosts delegate to one, by its name. */
  readonly delegatedTasks: Turns
  readonly reader: InputReader
  /** For outputs too long for events. */
  readonly openOverflowFile: OpenOverflowFile | undefined
  /** For outputs to show while their tasks run: with `-v`. */
  readonly openLiveOutput: OpenLiveOutput | undefined
  readonly emit: (event: UntimedEvent) => void
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
  /** How often to repeat each experiment. */
  readonly repeat: number
  /**
   * The same state with fresh connections that an interrupt does not close, for rollbacks. The caller must close it.
   */
  withFreshConnections(): RunState
  close(): Promise<void>
}
