/** State of a service of a stack. */
export interface ServiceState {
  readonly name: string
  readonly mode: string
  readonly running: number
  readonly desired: number
  /** Docker's update status; empty without an update. */
  readonly update: string
  readonly updateMessage: string
}

/** State of a task: one attempt to run a container. */
export interface TaskState {
  readonly id: string
  /** `shop_web.1`, or `shop_web.<node id>` for a global service. */
  readonly name: string
  readonly service: string
  readonly node: string
  readonly desired: string
  readonly state: string
  /** Seconds in this state; null if Docker does not print an age. */
  readonly seconds: number | null
  readonly error: string
}

export interface StackState {
  readonly services: readonly ServiceState[]
  /** Newest first within a slot. */
  readonly tasks: readonly TaskState[]
}

const goFormat = (...names: string[]): string => `'${names.map((name) => `{{${name}}}`).join('\\t')}'`

/** Command whose output {@link readState} parses; readable as tables. */
export const stateCommand = (stack: string): string =>
  [
    'echo "== services"',
    `docker stack services ${stack} --format ${goFormat('.Name', '.Mode', '.Replicas')} || exit`,
    'echo "== updates"',
    `docker stack services -q ${stack} | xargs -r docker service inspect --format '{{.Spec.Name}}{{if .UpdateStatus}}{{"\\t"}}{{.UpdateStatus.State}}{{"\\t"}}{{.UpdateStatus.Message}}{{end}}'`,
    'echo "== tasks"',
    `docker stack ps ${stack} --no-trunc --format ${goFormat('.ID', '.Name', '.Node', '.DesiredState', '.CurrentState', '.Error')} 2>&1 | grep -v '^nothing found in stack'`,
    'exit 0',
  ].join('\n')

/** Parses the output of {@link stateCommand}. */
export function readState(stdout: string): StackState {
  const section = (name: string): string[][] =>
    (new RegExp(`^== ${name}\\n((?:(?!== ).*(?:\\n|$))*)`, 'm').exec(stdout)?.[1] ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'))
  const updates = new Map(section('updates').map(([name = '', ...rest]) => [name, rest]))
  return {
    services: section('services').map(([name = '', mode = '', replicas = '']): ServiceState => {
      const [, running = '0', wanted = '0'] = /(\d+)\/(\d+)/.exec(replicas) ?? []
      const [update = '', updateMessage = ''] = updates.get(name) ?? []
      return { name, mode, running: Number(running), desired: Number(wanted), update, updateMessage }
    }),
    tasks: section('tasks')
      .filter(({ length }) => length >= 5)
      .map(([id = '', name = '', node = '', desired = '', current = '', error = '']) => {
        const [state = '', ...age] = current.split(' ')
        // Docker prefixes the names of replaced tasks with `\_`.
        const taskName = name.replace(/^[\s\\_]+/, '')
        return {
          id,
          name: taskName,
          service: taskName.replace(/\.[^.]*$/, ''),
          node,
          desired: desired.toLowerCase(),
          state: state.toLowerCase(),
          seconds: secondsOf(age.join(' ')),
          error: error.replace(/^"|"$/g, ''),
        }
      }),
  }
}

/** Parses Docker's ages: exact up to a minute, then rounded. */
function secondsOf(age: string): number | null {
  if (/^less than a second/i.test(age)) return 0
  const [, count, unit] = /^(?:about )?(an?|\d+) (second|minute|hour|day|week|month|year)s? ago/i.exec(age) ?? []
  if (count === undefined || unit === undefined) return null
  const seconds =
    { second: 1, minute: 60, hour: 3600, day: 86400, week: 604800, month: 2592000, year: 31536000 }[
      unit.toLowerCase()
    ] ?? 1
  return (/^an?$/i.test(count) ? 1 : Number(count)) * seconds
}

/** Whether a stack has converged, may still converge, or has failed. */
export type Judgement =
  | { readonly kind: 'converged' }
  | { readonly kind: 'waiting'; readonly for: string }
  | { readonly kind: 'failed'; readonly failedServices: readonly FailedService[] }

/** A failed service, and the task that shows the reason. */
export interface FailedService {
  readonly service: string
  readonly reason: string
  readonly task?: TaskState
}

/** Time that a task must run, as a container that crashes at startup is running briefly, too. */
const STABLE_SECONDS = 5
/** Time that a task may be unschedulable: a node may return within it. */
const UNSCHEDULABLE_SECONDS = 20
/** Failures of one slot after which its service counts as failed. */
const MAX_FAILURES = 3

const ENDED = new Set(['failed', 'rejected', 'complete', 'shutdown', 'orphaned', 'remove'])
const FAILED_UPDATES: Readonly<Record<string, string>> = {
  paused: 'update paused',
  rollback_paused: 'rollback paused',
  rollback_completed: 'update failed and was rolled back',
}

/**
 * Judges the state of a stack.
 *
 * @param before - ids of tasks that had already ended at the first poll: they belong to an earlier deployment.
 */
export function judge({ services, tasks }: StackState, before: ReadonlySet<string>): Judgement {
  if (services.length === 0) return { kind: 'waiting', for: 'the services' }
  const culprits = services.flatMap((service) =>
    failureOf(
      service,
      tasks.filter((task) => task.service === service.name),
      before,
    ),
  )
  if (culprits.length > 0) return { kind: 'failed', failedServices: culprits }
  const unsettled = services.find((service) => !isSettled(service, tasks))
  return unsettled === undefined
    ? { kind: 'converged' }
    : { kind: 'waiting', for: `${unsettled.name} (${unsettled.running} of ${unsettled.desired})` }
}

function isSettled({ name, running, desired: wanted, update }: ServiceState, tasks: readonly TaskState[]): boolean {
  const desiredTasks = tasks.filter((task) => task.service === name && task.desired === 'running')
  return (
    running === wanted &&
    update !== 'updating' &&
    update !== 'rollback_started' &&
    desiredTasks.every(({ state, seconds }) => state === 'running' && (seconds === null || seconds >= STABLE_SECONDS))
  )
}

function failureOf(
  { name, running, desired: wanted, update, updateMessage }: ServiceState,
  tasks: readonly TaskState[],
  before: ReadonlySet<string>,
): FailedService[] {
  const newest = failuresOf(tasks)[0]
  const updateFailure = FAILED_UPDATES[update]
  if (updateFailure !== undefined) {
    return [
      {
        service: name,
        reason: `${updateFailure}${updateMessage === '' ? '' : ` (${updateMessage})`}`,
        ...(newest && { task: newest }),
      },
    ]
  }
  if (running >= wanted && wanted > 0) return []
  for (const slot of new Set(tasks.map((task) => task.name))) {
    const attempts = tasks.filter((task) => task.name === slot)
    const failed = attempts.filter((task) => isFailure(task) && !before.has(task.id))
    const live = attempts.find((task) => task.state === 'running' && (task.seconds ?? 0) >= STABLE_SECONDS)
    if (failed.length >= MAX_FAILURES && live === undefined && failed[0])
      return [{ service: name, reason: `${slot} failed ${failed.length} times`, task: failed[0] }]
  }
  const unschedulable = tasks.find(
    ({ state, desired, error, seconds }) =>
      state === 'pending' && desired === 'running' && error !== '' && (seconds ?? 0) >= UNSCHEDULABLE_SECONDS,
  )
  if (unschedulable) return [{ service: name, reason: 'no suitable node', task: unschedulable }]
  const completed =
    tasks.length > 0 &&
    tasks.every(
      ({ state, desired, seconds }) => ENDED.has(state) && desired === 'shutdown' && (seconds ?? 0) >= STABLE_SECONDS,
    )
  if (completed && running === 0 && wanted > 0)
    return [
      {
        service: name,
        reason: 'it exited, and its restart_policy does not restart it',
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
    .map(({ name, running, desired: wanted, update }): FailedService => {
      const own = tasks.filter((task) => task.service === name)
      const task =
        failuresOf(own)[0] ?? own.find(({ desired, state }) => desired === 'running' && state !== 'running') ?? own[0]
      return {
        service: name,
        reason: `${running} of ${wanted} tasks run${update === '' || update === 'completed' ? '' : `, ${update}`}`,
        ...(task && { task }),
      }
    })
}

const HINTS: readonly (readonly [RegExp, string])[] = [
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
export function describeFailure({ service, reason: why, task }: FailedService): string {
  if (task === undefined) return `${service}: ${why}`
  const hint = HINTS.find(([pattern]) => pattern.test(task.error))?.[1]
  const location = task.node === '' ? '' : ` on ${task.node}`
  return `${service}: ${why}; task ${task.name}${location} is ${task.state}${task.error === '' ? '' : `: ${task.error}`}${hint === undefined ? '' : ` (${hint})`}`
}
