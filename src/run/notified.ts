import { createHash } from 'node:crypto'
import { raw, sh } from '../shell/quote.ts'

/*
 * A notified handler is state: if the run ends between the change and its handler, the next run finds the task in order
 * and would never restart the service. So the notice is left on the target before the change is made, and taken away
 * when the handler has run.
 */

const FOLDER =
  'lb_n=/var/lib/labbook; [ "$(id -u)" = 0 ] || lb_n=$HOME/.local/state/labbook; lb_n=${LABBOOK_STATE:-$lb_n}/notified'

const marker = (play: string, handler: string): string =>
  createHash('sha256').update(`${play}\0${handler}`).digest('hex').slice(0, 24)

/** Leaves the notices for these handlers. */
export const leaveNotices = (play: string, handlers: readonly string[]): string =>
  sh`${raw(FOLDER)}
mkdir -p "$lb_n" && for lb_h in ${handlers.map((handler) => marker(play, handler))}; do : >"$lb_n/$lb_h" || exit; done`

/** Takes the notice for this handler away. */
export const takeNotice = (play: string, handler: string): string =>
  sh`${raw(FOLDER)}
rm -f "$lb_n/${marker(play, handler)}"`

/** Lists notices that an earlier run left. */
export const listNotices = `${FOLDER}
cd "$lb_n" 2>/dev/null && ls || :`

/** The handlers, of those given, that the list names. */
export const noticedHandlers = (play: string, handlers: readonly string[], listed: string): string[] => {
  const names = new Set(listed.split('\n'))
  return handlers.filter((handler) => names.has(marker(play, handler)))
}
