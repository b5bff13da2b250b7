import type { PlannedChange } from '../events/events.ts'

/** A task on one host, as a saved plan names it. */
export interface TaskOnHost {
  readonly host: string
  readonly play: string
  readonly task: string
  readonly handler: boolean
}

/** Whether a saved plan has exactly these changes of a task. */
export type ApprovedChanges = (task: TaskOnHost, changes: readonly PlannedChange[]) => boolean
