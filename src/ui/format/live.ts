import { totalCounts, type PlayState, type HostState, type LabelCounts, type ActiveWait } from '../play-state.ts'
import { duration } from './duration.ts'
import { logLevelPaint } from './log-event.ts'
import { paintOf, type ResultLabel, type Palette } from './palette.ts'
import { count, shorten } from './text.ts'

/** The counts in a host's line, in fixed columns so that nothing moves. */
const COLUMNS = ['ok', 'changed'] as const satisfies ResultLabel[]
const TICK_MS = 1000

/** The progress of the entire run. */
export interface RunProgress {
  /** Unix time in milliseconds. */
  readonly startedAt: number
  /** The durations of the phases in earlier runs, in milliseconds; empty for no estimate. */
  readonly phaseDurations: readonly (number | undefined)[]
}

/**
 * The title of a running play: `Swarm  phase 3 of 12, 8s; run 1m 40s, about 2m 10s left`, and the latest log message.
 * The line is truncated at the terminal's width, so a warning or an error comes first.
 */
export function liveTitle(board: PlayState, run: RunProgress, now: number, paint: Palette): string {
  const notice = board.logEvents.at(-1)
  const message = notice === undefined ? [] : [logLevelPaint(notice.level, paint)(shorten(notice.message))]
  const phase = board.phase === undefined ? '' : `phase ${board.phase.number} of ${board.phase.of}, `
  const progress = `${phase}${elapsed(board.startedAt, now)}; run ${elapsed(run.startedAt, now)}${remaining(board, run, now)}`
  const details =
    notice === undefined || notice.level === 'info'
      ? [paint.dim(progress), ...message]
      : [...message, paint.dim(progress)]
  return [paint.bold(shorten(board.play)), ...details].join('  ')
}

/** `, about 2m 10s left`; "at least" if a later phase has no earlier duration, empty if no phase has one. */
function remaining(
  { phase, startedAt: since }: PlayState,
  { phaseDurations: expected }: RunProgress,
  now: number,
): string {
  if (phase === undefined || expected.every((each) => each === undefined)) return ''
  const [current, ...later] = expected.slice(phase.number - 1)
  const left = Math.max(0, (current ?? 0) - (now - since)) + later.reduce<number>((sum, each) => sum + (each ?? 0), 0)
  if (left < TICK_MS) return ''
  const complete = later.every((each) => each !== undefined)
  return `, ${complete ? 'about' : 'at least'} ${wholeSeconds(left)} left`
}

/** A host's line: `node1   3 ok   2 changed   Install Docker  12s`. */
export function hostLine(state: HostState, hostWidth: number, now: number, paint: Palette): string {
  const counts = COLUMNS.map((label) => countCell(state.counts, label, paint)).join('  ')
  return `${state.host.padEnd(hostWidth)}  ${counts}   ${activityOf(state, now, paint)}`
}

function activityOf({ running, waiting, failure: trouble }: HostState, now: number, paint: Palette): string {
  if (trouble !== undefined) return paint.red(`${trouble.status}: ${shorten(trouble.message ?? trouble.task)}`)
  if (waiting !== undefined) return waitLine(waiting, now)
  if (running === undefined) return paint.dim('idle')
  const seconds = now - running.since >= 2 * TICK_MS ? `  ${paint.dim(elapsed(running.since, now))}` : ''
  return `${shorten(running.task)}${seconds}`
}

function countCell(tally: LabelCounts, label: ResultLabel, paint: Palette): string {
  const number = tally[label] ?? 0
  const text = `${String(number).padStart(3)} ${label}`
  return number === 0 ? paint.dim(text) : paintOf(label, paint)(text)
}

/** For more hosts than lines: `41 of 60 hosts active, 2 failed   Install Docker (38), Configure Docker (3)`. */
export function manyHostsLine(board: PlayState, paint: Palette): string {
  const states = [...board.hosts.values()]
  const tasks = new Map<string, number>()
  for (const { running, failure: trouble } of states) {
    if (running !== undefined && trouble === undefined) tasks.set(running.task, (tasks.get(running.task) ?? 0) + 1)
  }
  const active = [...tasks.values()].reduce((sum, number) => sum + number, 0)
  const failures = states.filter(({ failure: trouble }) => trouble !== undefined).length
  const ranked = [...tasks].sort(([, a], [, b]) => b - a).map(([task, number]) => `${shorten(task)} (${number})`)
  const sums = totalCounts(board)
  const counts = COLUMNS.map((label) => countCell(sums, label, paint)).join('  ')
  const failed = failures > 0 ? paint.red(`, ${failures} failed`) : ''
  return `${active} of ${count(states.length, 'host')} active${failed}  ${counts}   ${ranked.join(', ')}`
}

/** An experiment's line: what it is waiting for, or the running command. */
export function experimentLine({ activity, exhibits }: PlayState, now: number, paint: Palette): string {
  if (activity === undefined) return paint.dim(`running, ${count(exhibits, 'exhibit')} so far`)
  if (activity.kind === 'wait') return waitLine(activity, now)
  return `${paint.dim(activity.host)}  ${shorten(activity.title)}  ${paint.dim(elapsed(activity.since, now))}`
}

/** `waiting for node3 Down, 8 of 120 s` */
function waitLine({ for: what, since, withinSeconds }: ActiveWait, now: number): string {
  const seconds = Math.min(Math.max(0, Math.floor((now - since) / TICK_MS)), Math.ceil(withinSeconds))
  return `waiting for ${shorten(what)}, ${seconds} of ${Math.ceil(withinSeconds)} s`
}

const elapsed = (since: number, now: number): string => wholeSeconds(now - since)

/** Whole seconds, so that the line changes only once a second. */
function wholeSeconds(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / TICK_MS))
  return seconds < 10 ? `${seconds}s` : duration(seconds * TICK_MS)
}
