import type { Plan } from '../modules/module.ts'
import { withEnvironment } from './environment.ts'
import { clearPendingMarker, setPendingMarkers } from './pending-handlers.ts'
import type { TaskExecution } from './task-execution.ts'

/** The scripts of a change, in order of execution. */
export interface ChangeScripts {
  /** Create pending-handler markers for the notified handlers. */
  readonly before: readonly string[]
  readonly own: readonly string[]
  /** Remove the pending-handler marker of this handler. */
  readonly after: readonly string[]
}

export function changeScripts(
  { task: { module, keywords }, handler, notifies, context: { play } }: TaskExecution,
  { changes }: Plan<unknown>,
): ChangeScripts {
  return {
    before: notifies.length === 0 ? [] : [setPendingMarkers(play.name, notifies)],
    own: changes.map(({ script }) => withEnvironment(keywords, script)),
    // A change that disconnects the host cannot remove the marker itself.
    after: handler === undefined || module.comesBack !== undefined ? [] : [clearPendingMarker(play.name, handler)],
  }
}

export const allScripts = ({ before, own, after }: ChangeScripts): string[] => [...before, ...own, ...after]
