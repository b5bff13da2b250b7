import { createHash } from 'node:crypto'
import { raw, sh } from '../shell/quote.ts'
import { SET_HOST_STATE } from '../values/directories.ts'

/*
 * A pending handler is state. If a run ends between a change and its handler, the next run finds the task ok and would
 * never restart the service. So a marker file is created on the target before the change, and removed after the handler
 * has run.
 */

const MARKER_DIRECTORY = `${SET_HOST_STATE}; lb_n=$lb_state/notified`

const marker = (play: string, handler: string): string =>
  createHash('sha256').update(`${play}\0${handler}`).digest('hex').slice(0, 24)

/** Creates the markers of these handlers. */
export const setPendingMarkers = (play: string, handlers: readonly string[]): string =>
  sh`${raw(MARKER_DIRECTORY)}
mkdir -p "$lb_n" && for lb_h in ${handlers.map((handler) => marker(play, handler))}; do : >"$lb_n/$lb_h" || exit; done`

/** Removes the marker of this handler. */
export const clearPendingMarker = (play: string, handler: string): string =>
  sh`${raw(MARKER_DIRECTORY)}
rm -f "$lb_n/${marker(play, handler)}"`

/** Lists markers, including those of earlier runs. */
export const listPendingMarkers = `${MARKER_DIRECTORY}
cd "$lb_n" 2>/dev/null && ls || :`

/** The given handlers that have a marker in the list. */
export const pendingHandlers = (play: string, handlers: readonly string[], listed: string): string[] => {
  const names = new Set(listed.split('\n'))
  return handlers.filter((handler) => names.has(marker(play, handler)))
}
