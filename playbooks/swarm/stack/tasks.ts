/** A service of a stack, as the Swarm counts it. */
export interface ServiceState {
  readonly name: string
  readonly mode: string
  readonly running: number
  readonly wanted: number
  /** Docker's word for an update under way or ended; empty when there was none. */
  readonly update: string
  readonly updateMessage: string
}

/** A task: one try to run one container. */
export interface TaskState {
  readonly id: string
  /** `shop_web.1`, or with a global service `shop_web.<node id>`. */
  readonly name: string
  readonly service: string
  readonly node: string
  readonly desired: string
  readonly state: string
  /** How long it has been in this state, where Docker says so to the second. */
  readonly seconds: number | null
  readonly error: string
}

export interface StackState {
  readonly services: readonly ServiceState[]
  /** Of one slot the newest come first. */
  readonly tasks: readonly TaskState[]
}

const fields = (...names: string[]): string => `'${names.map((name) => `{{${name}}}`).join('\\t')}'`

/** Prints all that {@link readState} reads, as tables a person can read as well. */
export const stateCommand = (stack: string): string =>
  [
    'echo "== services"',
    `docker stack services ${stack} --format ${fields('.Name', '.Mode', '.Replicas')} || exit`,
    'echo "== updates"',
    `docker stack services -q ${stack} | xargs -r docker service inspect --format '{{.Spec.Name}}{{if .UpdateStatus}}{{"\\t"}}{{.UpdateStatus.State}}{{"\\t"}}{{.UpdateStatus.Message}}{{end}}'`,
    'echo "== tasks"',
    `docker stack ps ${stack} --no-trunc --format ${fields('.ID', '.Name', '.Node', '.DesiredState', '.CurrentState', '.Error')} 2>&1 | grep -v '^nothing found in stack'`,
    'exit 0',
  ].join('\n')

/** Reads what {@link stateCommand} printed. */
export function readState(stdout: string): StackState {
  const part = (name: string): string[][] =>
    (new RegExp(`^== ${name}\\n((?:(?!== ).*(?:\\n|$))*)`, 'm').exec(stdout)?.[1] ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'))
  const updates = new Map(part('updates').map(([name = '', ...rest]) => [name, rest]))
  return {
    services: part('services').map(([name = '', mode = '', replicas = '']) => {
      const [, running = '0', wanted = '0'] = /(\d+)\/(\d+)/.exec(replicas) ?? []
      const [update = '', updateMessage = ''] = updates.get(name) ?? []
      return { name, mode, running: Number(running), wanted: Number(wanted), update, updateMessage }
    }),
    tasks: part('tasks')
      .filter(({ length }) => length >= 5)
      .map(([id = '', name = '', node = '', desired = '', current = '', error = '']) => {
        const [state = '', ...age] = current.split(' ')
        // Of a task that was replaced Docker draws a branch before the name.
        const plain = name.replace(/^[\s\\_]+/, '')
        return {
          id,
          name: plain,
          service: plain.replace(/\.[^.]*$/, ''),
          node,
          desired: desired.toLowerCase(),
          state: state.toLowerCase(),
          seconds: secondsOf(age.join(' ')),
          error: error.replace(/^"|"$/g, ''),
        }
      }),
  }
}

/** Docker's ages: exact up to a minute, then rounded. */
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

/** What has to be seen for a stack to be where it was asked to be, or for there being no hope of it. */
export type Judgement =
  | { readonly kind: 'converged' }
  | { readonly kind: 'waiting'; readonly for: string }
  | { readonly kind: 'hopeless'; readonly culprits: readonly Culprit[] }

/** A service that does not come up, and the task that shows why. */
export interface Culprit {
  readonly service: string
  readonly why: string
  readonly task?: TaskState
}

/** A container that ends in a moment has been running, too: it must have done so for this long. */
const STEADY_SECONDS = 5
/** A task that no node can take waits for ever; a node may come back within this time. */
const UNPLACED_SECONDS = 20
/** So many failures of one slot while we look, and it will not come right by itself. */
const FAILURES = 3

const ENDED = new Set(['failed', 'rejected', 'complete', 'shutdown', 'orphaned', 'remove'])
const BAD_UPDATE: Readonly<Record<string, string>> = {
  paused: 'its update stopped',
  rollback_paused: 'its update was rolled back, and that stopped as well',
  rollback_completed: 'its update failed and was rolled back',
}

/**
 * Judges a state.
 *
 * @param before - ids of the tasks that had ended when the looking began: they belong to an earlier deploy.
 */
export function judge({ services, tasks }: StackState, before: ReadonlySet<string>): Judgement {
  if (services.length === 0) return { kind: 'waiting', for: 'the services' }
  const culprits = services.flatMap((service) =>
    culpritOf(
      service,
      tasks.filter((task) => task.service === service.name),
      before,
    ),
  )
  if (culprits.length > 0) return { kind: 'hopeless', culprits }
  const late = services.find((service) => !isSettled(service, tasks))
  return late === undefined
    ? { kind: 'converged' }
    : { kind: 'waiting', for: `${late.name} (${late.running} of ${late.wanted})` }
}

function isSettled({ name, running, wanted, update }: ServiceState, tasks: readonly TaskState[]): boolean {
  const meant = tasks.filter((task) => task.service === name && task.desired === 'running')
  return (
    running === wanted &&
    update !== 'updating' &&
    update !== 'rollback_started' &&
    meant.every(({ state, seconds }) => state === 'running' && (seconds === null || seconds >= STEADY_SECONDS))
  )
}

function culpritOf(
  { name, running, wanted, update, updateMessage }: ServiceState,
  tasks: readonly TaskState[],
  before: ReadonlySet<string>,
): Culprit[] {
  const newest = failuresOf(tasks)[0]
  const ended = BAD_UPDATE[update]
  if (ended !== undefined) {
    return [
      {
        service: name,
        why: `${ended}${updateMessage === '' ? '' : ` (${updateMessage})`}`,
        ...(newest && { task: newest }),
      },
    ]
  }
  if (running >= wanted && wanted > 0) return []
  for (const slot of new Set(tasks.map((task) => task.name))) {
    const tries = tasks.filter((task) => task.name === slot)
    const failed = tries.filter((task) => isFailure(task) && !before.has(task.id))
    const live = tries.find((task) => task.state === 'running' && (task.seconds ?? 0) >= STEADY_SECONDS)
    if (failed.length >= FAILURES && live === undefined && failed[0])
      return [{ service: name, why: `${slot} failed ${failed.length} times`, task: failed[0] }]
  }
  const unplaced = tasks.find(
    ({ state, desired, error, seconds }) =>
      state === 'pending' && desired === 'running' && error !== '' && (seconds ?? 0) >= UNPLACED_SECONDS,
  )
  if (unplaced) return [{ service: name, why: 'no node can take it', task: unplaced }]
  const given =
    tasks.length > 0 &&
    tasks.every(
      ({ state, desired, seconds }) => ENDED.has(state) && desired === 'shutdown' && (seconds ?? 0) >= STEADY_SECONDS,
    )
  if (given && running === 0 && wanted > 0)
    return [{ service: name, why: 'it ended, and its restart_policy lets it be', ...(tasks[0] && { task: tasks[0] }) }]
  return []
}

const isFailure = ({ state }: TaskState): boolean => state === 'failed' || state === 'rejected'

/** Tasks with something to tell, the newest of each slot first. */
const failuresOf = (tasks: readonly TaskState[]): TaskState[] =>
  tasks.filter((task) => isFailure(task) || task.error !== '')

/** When time is up: every service that is not complete, with whatever there is to show why. */
export function latecomers({ services, tasks }: StackState): Culprit[] {
  return services
    .filter((service) => !isSettled(service, tasks))
    .map(({ name, running, wanted, update }) => {
      const own = tasks.filter((task) => task.service === name)
      const task =
        failuresOf(own)[0] ?? own.find(({ desired, state }) => desired === 'running' && state !== 'running') ?? own[0]
      return {
        service: name,
        why: `${running} of ${wanted} tasks run${update === '' || update === 'completed' ? '' : `, ${update}`}`,
        ...(task && { task }),
      }
    })
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /No such image|manifest unknown|not found: manifest|pull access denied|repository does not exist/i,
    'the node cannot pull it: is the name right, and is it in the registry?',
  ],
  [/host-mode port already in use/i, 'another task of the node has that port: publish another, or run fewer tasks'],
  [/insufficient resources/i, 'no node has that much left: lower deploy.resources.reservations'],
  [
    /scheduling constraints not satisfied/i,
    'no node has what deploy.placement.constraints asks for (docker node inspect NODE shows labels)',
  ],
  [/max replicas per node/i, 'more replicas than max_replicas_per_node allows on these nodes'],
  [/bind source path does not exist/i, 'make that folder on every node, or use a volume'],
  [/exit \(137\)/, 'it was killed: more memory than its limit, or it would not stop'],
  [
    /exit \(12[67]\)|executable file not found|no such file or directory/i,
    'the program to run is not in the image: look at "command" and "entrypoint"',
  ],
  [/unhealthy/i, 'its health check fails'],
  [/could not find an available, non-overlapping|network .* not found/i, 'its network cannot be made on that node'],
]

/** `web.1 on node2: rejected: "No such image: x": remedy`. */
export function explain({ service, why, task }: Culprit): string {
  if (task === undefined) return `${service}: ${why}`
  const hint = HINTS.find(([pattern]) => pattern.test(task.error))?.[1]
  const place = task.node === '' ? '' : ` on ${task.node}`
  return `${service}: ${why}; task ${task.name}${place} is ${task.state}${task.error === '' ? '' : `: ${task.error}`}${hint === undefined ? '' : ` (${hint})`}`
}
