import type { Exhibit, WatchResult } from 'labbook'
import type { Fault } from 'labbook/lab'
import { injectFault } from '../lab/inject-fault.ts'
import { recordRecovery } from '../lab/recover.ts'
import { type LabContext, say } from '../messages/say.ts'
import { watchDown, watchReady, type WatchTimes } from './nodes.ts'
import type { TimelineRecorder } from './observe.ts'
import { blockedFor, isRunning, parseTasks, tasksCommand, type NamedService, type StackTask } from './tasks.ts'

/** A service whose tasks move to other nodes. */
export interface MovableService extends NamedService {
  readonly replicas: number
}

/** What a fault of a node causes, with time limits in seconds. */
interface ExpectedOutage {
  /** `Down`: managers mark the node Down. `empty`: no task runs there, as Docker stopped them. */
  readonly state?: 'Down' | 'empty'
  readonly stateWithin?: number
  /** Services whose tasks move; undefined: the node keeps its tasks. */
  readonly services?: readonly MovableService[]
  readonly movedWithin?: number
}

/** What a fault of a node has caused. Times are seconds. */
interface Outage {
  /** From the start of the observation. */
  readonly injectedAt: number
  readonly injected: Exhibit
  readonly state: WatchResult | undefined
  /** From the fault until the expected state. */
  readonly stateAfter: number
  readonly moved: Moved | undefined
  /** From the fault until all tasks run on other nodes. */
  readonly movedAfter: number
}

/**
 * Injects a fault into a node, and waits for its effects.
 *
 * @throws {MessageError} if the fault cannot be injected.
 */
export async function injectNodeFault(
  on: LabContext,
  node: string,
  fault: Fault,
  { mark, now }: TimelineRecorder,
  { state: expected, stateWithin = 120, services, movedWithin = 180 }: ExpectedOutage,
): Promise<Outage> {
  const injectedAt = now()
  const injected = await injectFault(on, fault)
  mark(fault.text)
  let state: WatchResult | undefined
  if (expected !== undefined) {
    state = expected === 'Down' ? await watchDown(on, node, stateWithin) : await watchEmpty(on, node, stateWithin)
    mark(expected === 'Down' ? say('{node} Down', { node }) : say('{node} empty', { node }))
  }
  const stateAfter = now() - injectedAt
  const moved = services === undefined ? undefined : await watchMoved(on, services, node, movedWithin)
  if (moved !== undefined) mark(moved.reached ? 'tasks run on other nodes' : 'tasks do not run on other nodes')
  return { injectedAt, injected, state, stateAfter, moved, movedAfter: now() - injectedAt }
}

/** The exhibits of what was waited for. */
export const evidenceOf = (...watched: readonly ({ readonly exhibit: Exhibit } | undefined)[]): Exhibit[] =>
  watched.flatMap((each) => each?.exhibit ?? [])

/** Draining sets the desired state at once; the node is empty only when the tasks have stopped. */
const allStopped = (states: string): boolean =>
  states
    .split('\n')
    .filter(Boolean)
    .every((line) => /^(Shutdown|Complete|Failed|Rejected|Orphaned|Remove)/.test(line))

const watchEmpty = (on: LabContext, node: string, within: number): Promise<WatchResult> =>
  on.watch({
    title: say('Tasks left on {node}', { node }),
    waitingFor: `${node} to be empty`,
    command: `docker node ps ${node} --format '{{.CurrentState}}\t{{.Name}}' | sort`,
    within,
    every: 0.5,
    until: ({ stdout, exitCode }) => exitCode === 0 && allStopped(stdout),
  })

/** Lists the tasks of services, for {@link parseTasksByService}. */
export const allTasksCommand = (services: readonly NamedService[]): string =>
  services.map(({ service, fullName }) => `echo "== ${service}"; ${tasksCommand(fullName)}`).join('; ') || 'true'

/** Tasks by the name of their service in the compose file. */
export const parseTasksByService = (stdout: string): Map<string, StackTask[]> =>
  new Map(
    stdout
      .split(/^== /m)
      .slice(1)
      .map((section) => [section.split('\n')[0] ?? '', parseTasks(section)]),
  )

/** Number of tasks that run on other nodes. */
export const countElsewhere = (tasks: readonly StackTask[], node: string): number =>
  tasks.filter((task) => isRunning(task) && task.node !== node).length

interface Moved {
  /** Whether all tasks of all services run on other nodes. */
  readonly reached: boolean
  readonly exhibit: Exhibit
}

/** Waits until all tasks of services run on other nodes, or a service has one that cannot be scheduled. */
async function watchMoved(
  on: LabContext,
  services: readonly MovableService[],
  node: string,
  within: number,
): Promise<Moved> {
  const blocked = services.map(() => blockedFor(on))
  const hasMoved = (tasks: readonly StackTask[] = [], { replicas }: MovableService): boolean =>
    countElsewhere(tasks, node) >= replicas
  let reached = false
  const { exhibit } = await on.watch({
    title: say('Tasks until all run without {node}', { node }),
    waitingFor: `the tasks of ${node} to run on other nodes`,
    command: allTasksCommand(services),
    within,
    until: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return false
      const tasks = parseTasksByService(stdout)
      reached = services.every((each) => hasMoved(tasks.get(each.service), each))
      const isBlocked = services.map(({ service }, i) => blocked[i]?.(tasks.get(service) ?? []) === true)
      return services.every((each, i) => hasMoved(tasks.get(each.service), each) || isBlocked[i])
    },
  })
  return { reached, exhibit }
}

/**
 * Recovers a node from a fault, and waits until it is Ready.
 *
 * @throws {MessageError} if the command that recovers it fails.
 */
export async function recoverNode(
  on: LabContext,
  node: string,
  fault: Fault,
  { mark }: TimelineRecorder,
  times?: WatchTimes,
): Promise<{ readonly recovered: Exhibit; readonly ready: WatchResult }> {
  const recovered = await recordRecovery(on, node, fault)
  const ready = await watchReady(on, node, times)
  mark(say('{node} Ready', { node }))
  return { recovered, ready }
}
