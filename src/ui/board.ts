import type { Exhibit, Finding, Notice, PlayStart, RunEvent, TaskResult } from '../run/events.ts'
import { labelOf, type Label } from './format/palette.ts'

/** How often each label came. */
export type Tally = Partial<Record<Label, number>>

/** What is known of one host in a play. */
export interface HostState {
  readonly host: string
  readonly tally: Tally
  /** What it does now, and since when (milliseconds since 1970). */
  running: { readonly task: string; readonly since: number } | undefined
  /** Why it left the play. */
  trouble: TaskResult | undefined
}

/** All that a play has told so far: what its lines on the screen are drawn from. */
export interface Board {
  readonly play: string
  readonly kind: PlayStart['kind']
  readonly since: number
  readonly hosts: Map<string, HostState>
  readonly results: TaskResult[]
  readonly findings: Finding[]
  readonly notices: Notice[]
  lastExhibit: Exhibit | undefined
  exhibits: number
}

/** A play at its start. */
export function openBoard({ play, kind, hosts, time }: PlayStart): Board {
  return {
    play, kind, since: Date.parse(time), results: [], findings: [], notices: [], lastExhibit: undefined, exhibits: 0,
    hosts: new Map(hosts.map((host) => [host, newHost(host)])),
  }
}

/** Takes in what happened in the play. */
export function note(board: Board, event: RunEvent): void {
  switch (event.type) {
    case 'task_start':
      hostOf(board, event.host).running = { task: event.task, since: Date.parse(event.time) }
      return
    case 'result': {
      const host = hostOf(board, event.host)
      const label = labelOf(event)
      host.tally[label] = (host.tally[label] ?? 0) + 1
      if (host.running?.task === event.task) host.running = undefined
      if (label === 'failed' || label === 'unreachable') host.trouble ??= event
      board.results.push(event)
      return
    }
    case 'exhibit':
      board.lastExhibit = event
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

const newHost = (host: string): HostState => ({ host, tally: {}, running: undefined, trouble: undefined })

function hostOf(board: Board, name: string): HostState {
  const host = board.hosts.get(name) ?? newHost(name)
  board.hosts.set(name, host)
  return host
}
