import type { Message, MessageList } from 'labbook'
import { joinTexts, type MessageKey, say } from '../messages/say.ts'
import type { ServiceState, StackState, TaskState } from './stack-state.ts'

/** Whether a stack has converged, may still converge, or has failed. */
export type Judgement =
  | { readonly kind: 'converged' }
  | { readonly kind: 'waiting'; readonly for: string }
  | { readonly kind: 'failed'; readonly failedServices: readonly FailedService[] }

/** A failed service, and the task that shows the reason. */
export interface FailedService {
  readonly service: string
  readonly reason: Message | MessageList
  readonly task?: TaskState
}

/** Time that a task must run, as a container that crashes at startup is running briefly, too. */
const STABLE_SECONDS = 5
/** Time that a task may be unschedulable: a node may return within it. */
const UNSCHEDULABLE_SECONDS = 20
/** Failures of one slot after which its service counts as failed. */
const MAX_FAILURES = 3

const ENDED = new Set(['failed', 'rejected', 'complete', 'shutdown', 'orphaned', 'remove'])
const FAILED_UPDATES: Readonly<Record<string, Message>> = {
  paused: say('update paused'),
  rollback_paused: say('rollback paused'),
  rollback_completed: say('update failed and was rolled back'),
}

/**
 * Judges the state of a stack.
 *
 * @param before - ids of tasks that had already ended at the first poll: they belong to an earlier deployment.
 * @param seconds - since the first poll.
 */
export function judge({ services, tasks }: StackState, before: ReadonlySet<string>, seconds = 0): Judgement {
  if (services.length === 0) return { kind: 'waiting', for: 'the services' }
  const culprits = services.flatMap((service) =>
    failureOf(
      service,
      tasks.filter((task) => task.service === service.name),
      before,
      seconds,
    ),
  )
  if (culprits.length > 0) return { kind: 'failed', failedServices: culprits }
  const unsettled = services.find((service) => !isSettled(service, tasks))
  return unsettled === undefined
    ? { kind: 'converged' }
    : { kind: 'waiting', for: `${unsettled.name} (${progressOf(unsettled)})` }
}

const progressOf = ({ running, desired, completed }: ServiceState): string =>
  completed === null ? `${running} of ${desired}` : `${completed.count} of ${completed.of} completed`

/** A global service runs on every node that can take it: without tasks, no node can. */
const hasNoNode = ({ mode, desired, completed }: ServiceState): boolean =>
  mode.startsWith('global') && desired === 0 && (completed?.of ?? 0) === 0

const noNodeReason = ({ constraints }: ServiceState): Message =>
  constraints === ''
    ? say('no node can run it: all are drained, paused or down')
    : say(
        'no node can run it: all are drained, paused or down, or none matches deploy.placement.constraints [{constraints}]',
        { constraints },
      )

/** Slots of a service that does not restart tasks which exit with 0, and whose last task has done so. */
function completedSlots({ restart, completed }: ServiceState, tasks: readonly TaskState[]): number {
  if (restart === 'any' || completed !== null) return 0
  const newest = new Map<string, TaskState>()
  for (const task of tasks) if (!newest.has(task.name)) newest.set(task.name, task)
  return [...newest.values()].filter(
    ({ state, desired, seconds }) =>
      state === 'complete' && desired === 'shutdown' && (seconds === null || seconds >= STABLE_SECONDS),
  ).length
}

/** Whether a service runs all its tasks, or they have completed. */
export function hasAllTasks(service: ServiceState, tasks: readonly TaskState[]): boolean {
  const { name, running, desired, completed } = service
  if (hasNoNode(service)) return false
  if (completed !== null) return completed.count >= completed.of
  const own = tasks.filter((task) => task.service === name)
  return running >= desired || running + completedSlots(service, own) >= desired
}

function isSettled(service: ServiceState, tasks: readonly TaskState[]): boolean {
  const { name, running, desired: wanted, update, completed } = service
  const desiredTasks = tasks.filter((task) => task.service === name && task.desired === 'running')
  return (
    hasAllTasks(service, tasks) &&
    (completed !== null || running <= wanted) &&
    update !== 'updating' &&
    update !== 'rollback_started' &&
    desiredTasks.every(({ state, seconds }) => state === 'running' && (seconds === null || seconds >= STABLE_SECONDS))
  )
}

function failureOf(
  service: ServiceState,
  tasks: readonly TaskState[],
  before: ReadonlySet<string>,
  sinceFirstPoll: number,
): FailedService[] {
  const { name, running, desired: wanted, update, updateMessage } = service
  const newest = failuresOf(tasks)[0]
  const updateFailure = FAILED_UPDATES[update]
  if (updateFailure !== undefined) {
    return [
      {
        service: name,
        reason:
          updateMessage === ''
            ? updateFailure
            : say('{failure} ({message})', { failure: updateFailure, message: updateMessage }),
        ...(newest && { task: newest }),
      },
    ]
  }
  if (hasNoNode(service) && sinceFirstPoll >= UNSCHEDULABLE_SECONDS)
    return [{ service: name, reason: noNodeReason(service) }]
  if (hasAllTasks(service, tasks)) return []
  const slots = new Set(tasks.map((task) => task.name))
  for (const slot of slots) {
    const attempts = tasks.filter((task) => task.name === slot)
    const failed = attempts.filter((task) => isFailure(task) && !before.has(task.id))
    const live = attempts.find((task) => task.state === 'running' && (task.seconds ?? 0) >= STABLE_SECONDS)
    if (failed.length >= MAX_FAILURES && live === undefined && failed[0])
      return [
        { service: name, reason: say('{slot} failed {n|time|times}', { slot, n: failed.length }), task: failed[0] },
      ]
  }
  const unschedulable = tasks.find(
    ({ state, desired, error, seconds }) =>
      state === 'pending' && desired !== 'shutdown' && error !== '' && (seconds ?? 0) >= UNSCHEDULABLE_SECONDS,
  )
  if (unschedulable) return [{ service: name, reason: say('no suitable node'), task: unschedulable }]
  const ended =
    slots.size >= wanted &&
    tasks.every(
      ({ state, desired, seconds }) => ENDED.has(state) && desired === 'shutdown' && (seconds ?? 0) >= STABLE_SECONDS,
    )
  if (ended && running === 0 && wanted > 0)
    return [
      {
        service: name,
        reason: say('it exited, and its restart_policy does not restart it'),
        ...(tasks[0] && { task: tasks[0] }),
      },
    ]
  return []
}

const isFailure = ({ state }: TaskState): boolean => state === 'failed' || state === 'rejected'

/** Tasks with a failure or an error, newest first within a slot. */
const failuresOf = (tasks: readonly TaskState[]): TaskState[] =>
  tasks.filter((task) => isFailure(task) || task.error !== '')

/** After the timeout: every service that has not converged, with the task that best shows the reason. */
export function unconvergedServices({ services, tasks }: StackState): FailedService[] {
  return services
    .filter((service) => !isSettled(service, tasks))
    .map((service): FailedService => {
      const { name, running, desired: wanted, update, completed } = service
      if (hasNoNode(service)) return { service: name, reason: noNodeReason(service) }
      const own = tasks.filter((task) => task.service === name)
      const task =
        failuresOf(own)[0] ?? own.find(({ desired, state }) => desired === 'running' && state !== 'running') ?? own[0]
      return {
        service: name,
        reason: joinTexts([
          completed === null
            ? say('{running} of {wanted} tasks run', { running, wanted })
            : say('{count} of {of} completed, {running} tasks run', { ...completed, running }),
          ...(update === '' || update === 'completed' ? [] : [update]),
        ]),
        ...(task && { task }),
      }
    })
}

const HINTS: readonly (readonly [RegExp, MessageKey])[] = [
  [
    /No such image|manifest unknown|not found: manifest|pull access denied|repository does not exist/i,
    'the node cannot pull the image: check its name, and that it is in the registry',
  ],
  [
    /host-mode port already in use/i,
    'another task on the node uses this port: publish another port, or run fewer tasks',
  ],
  [/insufficient resources/i, 'no node has enough free resources: lower deploy.resources.reservations'],
  [
    /scheduling constraints not satisfied/i,
    'no node matches deploy.placement.constraints (docker node inspect NODE shows labels)',
  ],
  [/max replicas per node/i, 'max_replicas_per_node does not allow more replicas on these nodes'],
  [/bind source path does not exist/i, 'create the directory on every node, or use a volume'],
  [/exit \(137\)/, 'the container was killed: out of memory, or not stopped within the grace period'],
  [
    /exit \(12[67]\)|executable file not found|no such file or directory/i,
    'the command is not in the image: check "command" and "entrypoint"',
  ],
  [/unhealthy/i, 'the health check fails'],
  [/could not find an available, non-overlapping|network .* not found/i, 'the network cannot be created on the node'],
]

/** `web: web.1 failed 3 times; task web.1 on node2 is rejected: No such image: x (hint)`. */
export function describeFailure({ service, reason, task }: FailedService): Message {
  if (task === undefined) return say('{service}: {reason}', { service, reason })
  const hint = HINTS.find(([pattern]) => pattern.test(task.error))?.[1]
  return say('{service}: {reason}; task {task}{location} is {state}{error}{hint}', {
    service,
    reason,
    task: task.name,
    location: task.node === '' ? '' : say(' on {node}', { node: task.node }),
    state: task.state,
    error: task.error === '' ? '' : `: ${task.error}`,
    hint: hint === undefined ? '' : say(' ({hint})', { hint: { id: hint, values: {} } }),
  })
}
