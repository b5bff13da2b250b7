import type { RunEvent } from './events.ts'
import type { Foreseen } from './foreseen.ts'
import type { RunHost } from './host.ts'
import type { InputReader } from './inputs.ts'
import type { OpenSpool } from './output.ts'
import type { Registry } from './registry.ts'
import type { TagChoice } from './tags.ts'
import type { ReadTracker } from '../values/reads.ts'

/** An event before the run has put the time on it. */
export type Untimed<E = RunEvent> = E extends RunEvent ? Omit<E, 'time'> : never

/** What all plays of one run share. */
export interface RunState {
  readonly check: boolean
  readonly forks: number
  readonly tags: TagChoice
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** `--extra-vars`: they win over every other variable. */
  readonly extraVars: Readonly<Record<string, unknown>>
  /** Which of them are read. */
  readonly reads: ReadTracker
  /** All hosts of the inventory; connections open when first used. */
  host(name: string): RunHost
  /** Check mode: what the tasks so far would have changed. */
  readonly foreseen: Foreseen
  readonly registry: Registry
  readonly reader: InputReader
  /** For outputs that are too long for the events. */
  readonly openSpool: OpenSpool | undefined
  readonly emit: (event: Untimed) => void
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
  /** How often each experiment is done. */
  readonly repeat: number
  /**
   * The same with lines of its own that no interrupt closes: to put things back after one. To be closed by who asked
   * for it.
   */
  anew(): RunState
  close(): Promise<void>
}

/** The user interrupted the run. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
