import type { Subscriber } from '../run/events.ts'

/** Where a run is seen. */
export interface Screen {
  /** Takes the run's events; never throws, never waits. */
  readonly show: Subscriber
  /**
   * Waits until all is drawn, and writes last lines, such as where the report is. To be called before the process ends,
   * also after a run that broke off: it gives the terminal back.
   */
  done(...lines: string[]): Promise<void>
}
