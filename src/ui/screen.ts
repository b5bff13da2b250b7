import type { Subscriber } from '../run/events.ts'

/** The last screen of a playbook that passed: a label and a text a line. */
export interface Closing {
  /** What stands now: `['node1', 'http://10.77.0.11:8080  manager']`. */
  readonly standing: readonly ClosingLine[]
  /** The run's main results: `['Failed requests', '0']`. */
  readonly figures: readonly ClosingLine[]
  /** What to do next, and its command. */
  readonly next: readonly ClosingLine[]
}

export type ClosingLine = readonly [label: string, text: string]

/** What is written after a run. */
export interface Ending {
  /** The path of the report; a link where the terminal can show one. */
  readonly report?: string
  /** Of a run that passed. */
  readonly closing?: Closing
  /** The command that runs the same again, of a run that did not pass. */
  readonly again?: string
}

/** Where a run is seen. */
export interface Screen {
  /** Takes the run's events; never throws, never waits. */
  readonly show: Subscriber
  /**
   * Waits until all is drawn, and writes the ending. To be called before the process ends, also after a run that broke
   * off: it gives the terminal back.
   */
  done(ending?: Ending): Promise<void>
}
