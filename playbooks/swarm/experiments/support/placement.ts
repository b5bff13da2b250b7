import type { TimelineBar } from '../../../../src/labbook.ts'

/** A task of a service as it was seen once. */
export interface TaskSeen {
  readonly id: string
  /** `counter_counter.2` */
  readonly name: string
  readonly node: string
  /** In small letters: `running`, `preparing`, `failed`, ... */
  readonly state: string
}

export interface Sample {
  /** Seconds from the start. */
  readonly at: number
  /** undefined: no manager answered. */
  readonly tasks: readonly TaskSeen[] | undefined
}

const LINE = "--no-trunc --format '{{.ID}}\t{{.Name}}\t{{.Node}}\t{{.CurrentState}}'"

/** Seconds, `slowdown` times: a manager that hangs is not waited for. */
const LIMIT = 5

/** Prints the tasks of services, one on a line. */
export const placementCommand = (services: readonly string[], slowdown = 1): string =>
  `timeout ${LIMIT * slowdown} docker service ps ${services.join(' ')} ${LINE}`

/** The same for all services of a stack whose names begin so: which those are need not be known. */
export const stackPlacementCommand = (stack: string, names: readonly string[], slowdown = 1): string =>
  `timeout ${LIMIT * slowdown} docker stack ps ${stack} ${names.map((name) => `--filter name=${stack}_${name}`).join(' ')} ${LINE}`

/**
 * Reads what {@link placementCommand} and {@link stackPlacementCommand} print. Tasks of a service's history have a mark
 * in front, which is no part of the name.
 */
export function readPlacement(stdout: string): TaskSeen[] {
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [id = '', name = '', node = '', state = ''] = line.split('\t')
      return {
        id: id.trim(),
        name: name.replace(/^[\s\\_]+/, ''),
        node: node.trim(),
        state: (state.trim().split(' ')[0] ?? '').toLowerCase(),
      }
    })
}

const STARTING = new Set(['new', 'pending', 'assigned', 'accepted', 'preparing', 'ready', 'starting'])
const FAILED = new Set(['failed', 'rejected', 'orphaned'])

/**
 * When each task was starting and running, as far as samples tell: a bar goes from the sample that first saw a state to
 * the one that first saw another. Tasks that had ended before are left out; one that fails without being seen at work
 * is a bar of its own.
 */
export function bars(samples: readonly Sample[], until: number): TimelineBar[] {
  const known = samples.filter(
    (sample): sample is Sample & { tasks: readonly TaskSeen[] } => sample.tasks !== undefined,
  )
  const open = new Map<string, { bar: TimelineBar; last: number }>()
  const done: TimelineBar[] = []
  const ended = new Set(
    (known[0]?.tasks ?? [])
      .filter(({ state }) => stageOf(state) === undefined || stageOf(state) === 'failed')
      .map(({ id }) => id),
  )
  const close = (id: string, at: number, failed: boolean): void => {
    const one = open.get(id)
    if (one === undefined) return
    open.delete(id)
    done.push({ ...one.bar, to: at, ...(failed ? { state: 'failed' } : {}) })
  }
  for (const { at, tasks } of known) {
    const seen = new Set(tasks.map(({ id }) => id))
    for (const id of [...open.keys()]) if (!seen.has(id)) close(id, at, false)
    for (const { id, name, node, state } of tasks) {
      if (ended.has(id) || node === '') continue
      const stage = stageOf(state)
      const was = open.get(id)?.bar.state
      if (stage === was && stage !== undefined) continue
      close(id, at, stage === 'failed')
      if (stage === 'starting' || stage === 'running')
        open.set(id, { bar: { lane: node, name, from: at, to: at, state: stage }, last: at })
      else {
        if (stage === 'failed' && was === undefined)
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

/** The bars as numbers for other programs. */
export const placementCsv = (all: readonly TimelineBar[]): string =>
  [
    'node,task,state,from_s,to_s',
    ...all.map(({ lane, name, state, from, to }) => [lane, name, state, from.toFixed(1), to.toFixed(1)].join(',')),
    '',
  ].join('\n')
