import type { Exhibit, ExhibitStart, Finding, Notice, PlayStart, RunEvent, TaskResult, Waiting } from '../run/events.ts'
import { labelOf, type Label } from './format/palette.ts'

/** How often each label came. */
export type Tally = Partial<Record<Label, number>>

/** What is known of one host in a play. */
export interface HostState {
  readonly host: string
  readonly tally: Tally
  /** What it does now, and since when (milliseconds since 1970). */
  running: { readonly task: string; readonly since: number } | undefined
  /** What its task waits for now. */
  waiting: Wait | undefined
  /** Why it left the play. */
  trouble: TaskResult | undefined
}

/** What is awaited, since when (milliseconds since 1970), and for how long at most. */
export interface Wait {
  readonly for: string
  readonly since: number
  readonly withinSeconds: number
}

/** What an experiment does now: it runs a command on a host, or waits. */
export type Activity =
  | { readonly kind: 'command'; readonly title: string; readonly host: string; readonly since: number }
  | ({ readonly kind: 'wait' } & Wait)

/** All that a play has told so far: what its lines on the screen are drawn from. */
export interface Board {
  readonly play: string
  readonly kind: PlayStart['kind']
  readonly phase: PlayStart['phase']
  readonly since: number
  readonly hosts: Map<string, HostState>
  readonly results: TaskResult[]
  readonly findings: Finding[]
  readonly notices: Notice[]
  /** Of an experiment. */
  activity: Activity | undefined
  exhibits: number
}

/** A play at its start. */
export function openBoard({ play, kind, phase, hosts, time }: PlayStart): Board {
  return {
    play,
    kind,
    phase,
    since: Date.parse(time),
    results: [],
    findings: [],
    notices: [],
    activity: undefined,
    exhibits: 0,
    hosts: new Map(hosts.map((host) => [host, newHost(host)])),
  }
}

/** Takes in what happened in the play. */
export function note(board: Board, event: RunEvent): void {
  switch (event.type) {
    case 'task_start':
      Object.assign(hostOf(board, event.host), {
        running: { task: event.task, since: Date.parse(event.time) },
        waiting: undefined,
      })
      return
    case 'waiting':
      noteWaiting(board, event)
      return
    case 'exhibit_start':
      board.activity = commandOf(event)
      return
    case 'result': {
      const host = hostOf(board, event.host)
      const label = labelOf(event)
      host.tally[label] = (host.tally[label] ?? 0) + 1
      if (host.running?.task === event.task) Object.assign(host, { running: undefined, waiting: undefined })
      if (label === 'failed' || label === 'unreachable') host.trouble ??= event
      board.results.push(event)
      return
    }
    case 'exhibit':
      if (endsWith(board.activity, event)) board.activity = undefined
      board.exhibits += 1
      return
    case 'finding':
      board.findings.push(event)
      return
    case 'notice':
      board.notices.push(event)
      return
    case 'run_start':
    case 'run_end':
    case 'play_start':
    case 'play_end':
  }
}

/** The counts of all hosts together. */
export function totals(board: Board): Tally {
  const sum: Tally = {}
  for (const { tally } of board.hosts.values()) {
    for (const [label, number] of Object.entries(tally) as [Label, number][]) sum[label] = (sum[label] ?? 0) + number
  }
  return sum
}

const newHost = (host: string): HostState => ({
  host,
  tally: {},
  running: undefined,
  waiting: undefined,
  trouble: undefined,
})

function noteWaiting(board: Board, event: Waiting): void {
  const wait = { for: event.for, since: Date.parse(event.time), withinSeconds: event.withinSeconds }
  if (board.kind === 'experiment') board.activity = { kind: 'wait', ...wait }
  else if (event.host !== undefined) hostOf(board, event.host).waiting = wait
}

const commandOf = ({ title, host, time }: ExhibitStart): Activity => ({
  kind: 'command',
  title,
  host,
  since: Date.parse(time),
})

/** An exhibit ends what is awaited, and the command of its own title: another command may run beside it. */
const endsWith = (activity: Activity | undefined, { title }: Exhibit): boolean =>
  activity?.kind === 'wait' || activity?.title === title

function hostOf(board: Board, name: string): HostState {
  const host = board.hosts.get(name) ?? newHost(name)
  board.hosts.set(name, host)
  return host
}
