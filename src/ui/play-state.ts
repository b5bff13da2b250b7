import type {
  Exhibit,
  ExhibitStart,
  Finding,
  LogEvent,
  PlayStart,
  RunEvent,
  TaskResult,
  WaitEvent,
} from '../events/events.ts'
import { labelOf, type ResultLabel } from './format/palette.ts'

/** Counts by label. */
export type LabelCounts = Partial<Record<ResultLabel, number>>

/** The state of a host in a play. */
export interface HostState {
  readonly host: string
  readonly counts: LabelCounts
  /** Its current task, and when it started (Unix time in milliseconds). */
  running: { readonly task: string; readonly since: number } | undefined
  /** What its task is waiting for. */
  waiting: ActiveWait | undefined
  /** The result that removed it from the play. */
  failure: TaskResult | undefined
}

/** What is awaited, since when (Unix time in milliseconds), and the timeout. */
export interface ActiveWait {
  readonly for: string
  readonly since: number
  readonly withinSeconds: number
}

/** What an experiment is doing: running a command on a host, or waiting. */
export type Activity =
  | { readonly kind: 'command'; readonly title: string; readonly host: string; readonly since: number }
  | ({ readonly kind: 'wait' } & ActiveWait)

/** The state of a play, built from its events and rendered by the screen. */
export interface PlayState {
  readonly play: string
  readonly kind: PlayStart['kind']
  readonly phase: PlayStart['phase']
  readonly startedAt: number
  readonly hosts: Map<string, HostState>
  readonly results: TaskResult[]
  readonly findings: Finding[]
  readonly logEvents: LogEvent[]
  /** Of an experiment. */
  activity: Activity | undefined
  exhibits: number
}

/** The state of a play that has just started. */
export function initialPlayState({ play, kind, phase, hosts, time }: PlayStart): PlayState {
  return {
    play,
    kind,
    phase,
    startedAt: Date.parse(time),
    results: [],
    findings: [],
    logEvents: [],
    activity: undefined,
    exhibits: 0,
    hosts: new Map(hosts.map((host) => [host, newHost(host)])),
  }
}

/** Updates the state with an event of the play. */
export function applyEvent(board: PlayState, event: RunEvent): void {
  switch (event.type) {
    case 'task_start':
      Object.assign(hostOf(board, event.host), {
        running: { task: event.task, since: Date.parse(event.time) },
        waiting: undefined,
      })
      return
    case 'waiting':
      applyWaiting(board, event)
      return
    case 'exhibit_start':
      board.activity = toActivity(event)
      return
    case 'result': {
      const host = hostOf(board, event.host)
      const label = labelOf(event)
      host.counts[label] = (host.counts[label] ?? 0) + 1
      if (host.running?.task === event.task) Object.assign(host, { running: undefined, waiting: undefined })
      if (label === 'failed' || label === 'unreachable') host.failure ??= event
      board.results.push(event)
      return
    }
    case 'exhibit':
      if (ends(board.activity, event)) board.activity = undefined
      board.exhibits += 1
      return
    case 'finding':
      board.findings.push(event)
      return
    case 'notice':
      board.logEvents.push(event)
      return
    case 'run_start':
    case 'run_end':
    case 'play_start':
    case 'play_end':
    case 'output':
  }
}

/** The sum of the counts of all hosts. */
export function totalCounts(board: PlayState): LabelCounts {
  const sum: LabelCounts = {}
  for (const { counts: tally } of board.hosts.values()) {
    for (const [label, number] of Object.entries(tally) as [ResultLabel, number][])
      sum[label] = (sum[label] ?? 0) + number
  }
  return sum
}

const newHost = (host: string): HostState => ({
  host,
  counts: {},
  running: undefined,
  waiting: undefined,
  failure: undefined,
})

function applyWaiting(board: PlayState, event: WaitEvent): void {
  const wait = { for: event.for, since: Date.parse(event.time), withinSeconds: event.withinSeconds }
  if (board.kind === 'experiment') board.activity = { kind: 'wait', ...wait }
  else if (event.host !== undefined) hostOf(board, event.host).waiting = wait
}

const toActivity = ({ title, host, time }: ExhibitStart): Activity => ({
  kind: 'command',
  title,
  host,
  since: Date.parse(time),
})

/** An exhibit ends a wait, and the command with its title: another command may run in parallel. */
const ends = (activity: Activity | undefined, { title }: Exhibit): boolean =>
  activity?.kind === 'wait' || activity?.title === title

function hostOf(board: PlayState, name: string): HostState {
  const host = board.hosts.get(name) ?? newHost(name)
  board.hosts.set(name, host)
  return host
}
