import pLimit from 'p-limit'
import type { Phase } from '../events/events.ts'
import { checkTask, type CheckedTask } from '../execution/check-task.ts'
import type { ExecutionContext } from '../execution/execution-context.ts'
import { NotifiedHandlers } from '../execution/notified-handlers.ts'
import type { RunHost } from '../execution/run-host.ts'
import type { RunState } from '../execution/run-state.ts'
import { hostVarsOf, runVariables } from '../execution/run-variables.ts'
import { stopwatch } from '../execution/stopwatch.ts'
import { TaskExecution } from '../execution/task-execution.ts'
import { targetOf } from '../execution/task-target.ts'
import { setup } from '../modules/core/setup.ts'
import type { Task } from '../modules/task.ts'
import { checkNotify, handlersOf, tasksOf } from '../playbook/play-tasks.ts'
import type { Play, PlayContext } from '../playbook/play.ts'
import { tagList, tagsSelect } from '../playbook/tags.ts'
import { register } from '../values/reference.ts'
import { exceededLimit, failureReason } from './failure-limit.ts'
import { orderHosts } from './host-order.ts'
import { HostPlay } from './host-play.ts'
import { PlayBatch } from './play-batch.ts'
import { serialBatches } from './serial.ts'
import type { StartAt } from './start-at.ts'

const facts = register<Readonly<Record<string, unknown>>>('ansible_facts')

/**
 * Runs a play on its hosts, in batches of `serial`. Skips hosts that are excluded from the run.
 *
 * @returns why the run must end, as in {@link failureReason}; undefined if it goes on.
 */
export async function runPlay(
  state: RunState,
  play: Play,
  names: readonly string[],
  { phase, startAt }: { readonly phase?: Phase; readonly startAt?: StartAt | undefined } = {},
): Promise<string | undefined> {
  const hosts = names.map((name) => state.host(name)).filter(({ excluded }) => excluded === undefined)
  const watch = stopwatch()
  state.emit({
    type: 'play_start',
    play: play.name,
    hosts: hosts.map(({ name }) => name),
    kind: 'play',
    ...(phase && { phase }),
  })
  try {
    for (const batch of serialBatches(orderHosts(hosts, play.order), play.serial)) {
      const hasEndedPlay = await runHosts(state, play, batch, startAt)
      const reason = failureReason(play, batch)
      if (reason !== undefined || hasEndedPlay) return reason
    }
    return undefined
  } finally {
    // An interrupted play has no end event.
    if (!state.signal.aborted) state.emit({ type: 'play_end', play: play.name, durationMs: watch.elapsed() })
  }
}

/** @returns whether a task ended the play for all hosts. */
async function runHosts(
  state: RunState,
  play: Play,
  hosts: readonly RunHost[],
  startAt: StartAt | undefined,
): Promise<boolean> {
  const limit = pLimit(state.forks)
  if (play.gather_facts) await Promise.all(hosts.map((host) => limit(() => gatherFacts(state, play, host))))
  if (failureReason(play, hosts) !== undefined) return false
  const all: HostTasks[] = []
  for (const host of hosts)
    if (host.excluded === undefined) all.push(checkedTasks(state, play, host, all.at(-1)?.tasks))
  const selected = startAt?.drop(
    play,
    all.map(({ tasks }) => tasks),
  )
  const lists = all.map((list, i) => ({ ...list, tasks: selected?.[i] ?? list.tasks }))
  const linear =
    play.strategy === 'linear' ||
    state.confirm !== undefined ||
    lists.some(({ tasks }) => failsOthersInBlock(play, tasks))
  const batch = new PlayBatch(
    lists.map(({ host, tasks }) => ({ host: host.name, tasks })),
    { linear, forks: state.forks, confirm: state.confirm },
  )
  const stop = (): boolean => state.signal.aborted || exceededLimit(play, hosts) !== undefined
  // A host that waits for another one occupies a slot. All hosts must run concurrently then.
  const slots = batch.needsAllHosts ? pLimit(Math.max(state.forks, hosts.length)) : limit
  const settled = await Promise.allSettled(
    lists.map((list) =>
      slots(async () => {
        try {
          await runTasks(state, play, list, batch, stop)
        } finally {
          batch.leave(list.host.name)
        }
      }),
    ),
  )
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason
  return batch.hasEndedPlay
}

/**
 * With `any_errors_fatal`, all hosts run the `rescue` and `always` of the block in which one fails. So they must be in
 * it at the same time.
 */
const failsOthersInBlock = (play: Play, tasks: readonly ListedTask[]): boolean =>
  tasks.some(({ task }) => task.blocks !== undefined && (task.keywords.any_errors_fatal ?? play.any_errors_fatal)) &&
  tasks.some(({ task }) => task.blocks?.some(({ section }) => section !== 'block'))

interface ListedTask extends CheckedTask {
  /** Its title, numbered if repeated. Matches a task across the lists of several hosts. */
  readonly key: string
}

/** The tasks of a play for a host, and its handlers. */
interface HostTasks {
  readonly host: RunHost
  readonly tasks: readonly ListedTask[]
  readonly handlers: readonly (readonly [name: string, task: CheckedTask])[]
}

/**
 * @param similar - the tasks of another host.
 * @throws {PlaybookError} a function of the play throws, or a task notifies a handler that the play does not have.
 */
function checkedTasks(
  state: RunState,
  play: Play,
  host: RunHost,
  similar: readonly ListedTask[] | undefined,
): HostTasks {
  const context = contextOf(state, play, host)
  const all = tasksOf(play, context)
  const handlers = handlersOf(play, context)
  checkNotify(play, [...all, ...Object.values(handlers)], Object.keys(handlers))
  const inherited = tagList(play.tags)
  const tasks = all
    .filter(({ keywords }) => tagsSelect([...inherited, ...tagList(keywords.tags)], state.tags))
    .map((task, i) => checkTask(task, similar?.[i]))
  return {
    host,
    tasks: withKeys(tasks),
    handlers: Object.entries(handlers).map(([name, task]) => [name, checkTask({ ...task, title: task.title ?? name })]),
  }
}

async function runTasks(
  state: RunState,
  play: Play,
  { host, tasks, handlers }: HostTasks,
  batch: PlayBatch,
  stop: () => boolean,
): Promise<void> {
  const names = handlers.map(([name]) => name)
  const context = executionContext(state, play, host, { handlers: names, isLinear: batch.isLinear })
  const execution = (checked: CheckedTask, key: string, handler?: string): TaskExecution => {
    const once = handler === undefined && checked.task.keywords.run_once ? batch.once(key) : undefined
    const hostsAtOnce = checked.task.keywords.throttle ?? play.throttle ?? 0
    return new TaskExecution(
      context,
      checked,
      targetOf(context, checked.task, {
        key,
        ...(once && { once }),
        ...(handler === undefined ? {} : { handler }),
        ...(hostsAtOnce > 0 && { throttle: batch.throttle(key, hostsAtOnce) }),
      }),
    )
  }
  await new HostPlay({
    context,
    handlers: handlers.map(([name, checked]) => execution(checked, `handler ${name}`, name)),
    batch,
    stop,
  }).run(tasks.map((task) => execution(task, task.key)))
}

/** Facts are gathered once per run. */
async function gatherFacts(state: RunState, play: Play, host: RunHost): Promise<void> {
  if (host.excluded !== undefined || Object.keys(host.facts).length > 0) return
  const task: Task = setup('Gather facts', {})
  // Task lists depend on facts, so check mode gathers them as well. Without `reads`, they are never "unknown".
  const module = { ...task.module, reads: () => [] }
  const checked = checkTask({ ...task, module, keywords: { register: facts } })
  const context = executionContext(state, play, host, { handlers: [], isLinear: false })
  const execution = new TaskExecution(context, checked, targetOf(context, checked.task))
  const batch = new PlayBatch([], { linear: false, forks: state.forks })
  await new HostPlay({ context, handlers: [], batch, stop: () => state.signal.aborted }).run([execution])
  const scope = state.registry.scope(host.name)
  if (scope.has(facts.key, host.name)) host.facts = facts.read(scope)
}

function withKeys(tasks: readonly CheckedTask[]): ListedTask[] {
  const counts = new Map<string, number>()
  return tasks.map((checked) => {
    const nth = (counts.get(checked.title) ?? 0) + 1
    counts.set(checked.title, nth)
    return { ...checked, key: `${checked.title}#${nth}` }
  })
}

const executionContext = (
  state: RunState,
  play: Play,
  host: RunHost,
  { handlers, isLinear }: { readonly handlers: readonly string[]; readonly isLinear: boolean },
): ExecutionContext => ({
  state,
  play,
  host,
  vars: varsOf(state, play, host),
  handlers: new NotifiedHandlers(play.name, handlers),
  isLinear,
})

function contextOf(state: RunState, play: Play, host: RunHost): PlayContext {
  return {
    host: host.name,
    vars: varsOf(state, play, host),
    varsWith: (more) => runVariables(state, host, { ...play.vars, ...more }),
    facts: host.facts,
    groups: state.groups,
    hostvars: hostVarsOf(state),
    check: state.check,
  }
}

const varsOf = (state: RunState, play: Play, host: RunHost): Readonly<Record<string, unknown>> =>
  runVariables(state, host, play.vars)
