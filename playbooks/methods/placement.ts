import { csvText, type TimelineBar } from 'labbook'
import type { StackTask } from './tasks.ts'

/** State of a task in one sample. */
export type TaskSample = Pick<StackTask, 'id' | 'name' | 'node' | 'state'>

export interface Sample {
  /** Seconds from the start. */
  readonly at: number
  /** undefined: no manager answered. */
  readonly tasks: readonly TaskSample[] | undefined
}

const STARTING = new Set(['new', 'pending', 'assigned', 'accepted', 'preparing', 'ready', 'starting'])
const FAILED = new Set(['failed', 'rejected', 'orphaned'])

/**
 * Timeline bars of each task, with the resolution of the samples: a bar lasts from the first sample of a state to the
 * first sample of another one. Tasks that ended before the first sample are left out; a task that fails between two
 * samples gets its own bar.
 */
export function placementBars(samples: readonly Sample[], until: number): TimelineBar[] {
  const known = samples.filter(
    (sample): sample is Sample & { tasks: readonly TaskSample[] } => sample.tasks !== undefined,
  )
  const open = new Map<string, { bar: TimelineBar; last: number }>()
  const done: TimelineBar[] = []
  const ended = new Set(
    (known[0]?.tasks ?? [])
      .filter(({ state }) => stageOf(state) === undefined || stageOf(state) === 'failed')
      .map(({ id }) => id),
  )
  const close = (id: string, at: number, failed: boolean): void => {
    const entry = open.get(id)
    if (entry === undefined) return
    open.delete(id)
    done.push({ ...entry.bar, to: at, ...(failed ? { state: 'failed' } : {}) })
  }
  for (const { at, tasks } of known) {
    const sampled = new Set(tasks.map(({ id }) => id))
    for (const id of [...open.keys()]) if (!sampled.has(id)) close(id, at, false)
    for (const { id, name, node, state } of tasks) {
      if (ended.has(id) || node === '') continue
      const stage = stageOf(state)
      const previous = open.get(id)?.bar.state
      if (stage === previous && stage !== undefined) continue
      close(id, at, stage === 'failed')
      if (stage === 'starting' || stage === 'running')
        open.set(id, { bar: { lane: node, name, from: at, to: at, state: stage }, last: at })
      else {
        if (stage === 'failed' && previous === undefined)
          done.push({ lane: node, name, from: at, to: Math.min(until, at + 1), state: 'failed' })
        ended.add(id)
      }
    }
  }
  for (const id of [...open.keys()]) close(id, until, false)
  return done.sort((a, b) => a.from - b.from || a.lane.localeCompare(b.lane) || a.name.localeCompare(b.name))
}

function stageOf(state: string): TimelineBar['state'] | undefined {
  if (state === 'running') return 'running'
  if (STARTING.has(state)) return 'starting'
  return FAILED.has(state) ? 'failed' : undefined
}

/** The bars as CSV. */
export const placementCsv = (all: readonly TimelineBar[]): string =>
  csvText([
    ['node', 'task', 'state', 'from_s', 'to_s'],
    ...all.map(({ lane, name, state, from, to }) => [lane, name, state, from.toFixed(1), to.toFixed(1)]),
  ])
