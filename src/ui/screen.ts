import type { Subscriber } from '../events/events.ts'

/** The closing of a playbook that passed: lines with a label and a text. */
export interface Closing {
  /** What is running now: `['node1', 'http://10.0.0.11:80  manager']`. */
  readonly standing: readonly ClosingLine[]
  /** The run's main results: `['Failed requests', '0']`. */
  readonly figures: readonly ClosingLine[]
  /** Next steps and their commands. */
  readonly next: readonly ClosingLine[]
}

export type ClosingLine = readonly [label: string, text: string]

/** The footer printed after a run. */
export interface RunFooter {
  /** The path of the report; a hyperlink if the terminal supports them. */
  readonly report?: string
  /** Only of a run that passed. */
  readonly closing?: Closing
  /** The command to rerun, of a run that did not pass. */
  readonly rerunCommand?: string
}

/** Shows a run to the user. */
export interface Screen {
  /** Receives the run's events; never throws or blocks. */
  readonly show: Subscriber
  /**
   * Waits until everything is drawn, and prints the footer. Call it before the process exits, also after a failed run:
   * it restores the terminal.
   */
  close(ending?: RunFooter): Promise<void>
}
