import { totals, type Board, type HostState, type Tally } from '../board.ts'
import { duration } from './duration.ts'
import { exhibitLine } from './finding.ts'
import { noticePaint } from './notice.ts'
import { paintOf, type Label, type Palette } from './palette.ts'
import { count, shorten } from './text.ts'

/** Where a count stands in a host's line; fixed places, so that nothing jumps while it counts. */
const COLUMNS = ['ok', 'changed'] as const satisfies Label[]
const TICK_MS = 1000

/** The head of a play at work: its name, how long it has been, and what the user was told last. */
export function liveTitle(board: Board, now: number, paint: Palette): string {
  const notice = board.notices.at(-1)
  const told = notice === undefined ? '' : `  ${noticePaint(notice.level, paint)(shorten(notice.message))}`
  return `${paint.bold(shorten(board.play))}  ${paint.dim(elapsed(board.since, now))}${told}`
}

/** A host at work: `node1   3 ok   2 changed   Install Docker  12s`. */
export function hostLine(state: HostState, hostWidth: number, now: number, paint: Palette): string {
  const counts = COLUMNS.map((label) => countCell(state.tally, label, paint)).join('  ')
  return `${state.host.padEnd(hostWidth)}  ${counts}   ${doing(state, now, paint)}`
}

function doing({ running, trouble }: HostState, now: number, paint: Palette): string {
  if (trouble !== undefined) return paint.red(`${trouble.status}: ${shorten(trouble.message ?? trouble.task)}`)
  if (running === undefined) return paint.dim('waits')
  const seconds = now - running.since >= 2 * TICK_MS ? `  ${paint.dim(elapsed(running.since, now))}` : ''
  return `${shorten(running.task)}${seconds}`
}

function countCell(tally: Tally, label: Label, paint: Palette): string {
  const number = tally[label] ?? 0
  const text = `${String(number).padStart(3)} ${label}`
  return number === 0 ? paint.dim(text) : paintOf(label, paint)(text)
}

/** More hosts than lines: `41 of 60 hosts at work, 2 failed   Install Docker (38), Configure Docker (3)`. */
export function crowdLine(board: Board, paint: Palette): string {
  const states = [...board.hosts.values()]
  const tasks = new Map<string, number>()
  for (const { running, trouble } of states) {
    if (running !== undefined && trouble === undefined) tasks.set(running.task, (tasks.get(running.task) ?? 0) + 1)
  }
  const busy = [...tasks.values()].reduce((sum, number) => sum + number, 0)
  const lost = states.filter(({ trouble }) => trouble !== undefined).length
  const ranked = [...tasks].sort(([, a], [, b]) => b - a).map(([task, number]) => `${shorten(task)} (${number})`)
  const sums = totals(board)
  const counts = COLUMNS.map((label) => countCell(sums, label, paint)).join('  ')
  const failed = lost > 0 ? paint.red(`, ${lost} failed`) : ''
  return `${busy} of ${count(states.length, 'host')} at work${failed}  ${counts}   ${ranked.join(', ')}`
}

/** An experiment at work: the command it looked at last, or what its hosts do. */
export function experimentLine(board: Board, now: number, paint: Palette): string {
  const running = [...board.hosts.values()].find((state) => state.running !== undefined)?.running
  if (running !== undefined) return `${shorten(running.task)}  ${paint.dim(elapsed(running.since, now))}`
  const { lastExhibit } = board
  return lastExhibit === undefined ? paint.dim('looks') : `${paint.dim(lastExhibit.host)}  ${exhibitLine(lastExhibit)}`
}

/** In whole seconds, so that the line changes once a second and not ten times. */
const elapsed = (since: number, now: number): string => {
  const whole = Math.max(0, Math.floor((now - since) / TICK_MS))
  return whole < 10 ? `${whole}s` : duration(whole * TICK_MS)
}
