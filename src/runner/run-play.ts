import pLimit from 'p-limit'
import type { Phase } from '../events/events.ts'
import { checkTask, type CheckedTask } from '../execution/check-task.ts'
import type { ExecutionContext } from '../execution/execution-context.ts'
import { NotifiedHandlers } from '../execution/notified-handlers.ts'
import type { RunHost } from '../execution/run-host.ts'
import { RunOnce } from '../execution/run-once.ts'
import type { RunState } from '../execution/run-state.ts'
import { stopwatch } from '../execution/stopwatch.ts'
import { TaskExecution } from '../execution/task-execution.ts'
import { targetOf } from '../execution/task-target.ts'
import { setup } from '../modules/core/setup.ts'
import type { Task } from '../modules/task.ts'
import { checkNotify, handlersOf, tasksOf } from '../playbook/play-tasks.ts'
import type { Play, PlayContext } from '../playbook/play.ts'
import { tagList, tagsSelect } from '../playbook/tags.ts'
import { register } from '../values/reference.ts'
import { failureReason } from './failure-limit.ts'
import { HostPlay } from './host-play.ts'
import { serialBatches } from './serial.ts'

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
  phase?: Phase,
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
    for (const batch of serialBatches(hosts, play.serial)) {
      await runHosts(state, play, batch)
      const reason = failureReason(play, batch)
      if (reason !== undefined) return reason
    }
    return undefined
  } finally {
    // An interrupted play has no end event.
    if (!state.signal.aborted) state.emit({ type: 'play_end', play: play.name, durationMs: watch.elapsed() })
  }
}

async function runHosts(state: RunState, play: Play, hosts: readonly RunHost[]): Promise<void> {
  const limit = pLimit(state.forks)
  if (play.gather_facts) await Promise.all(hosts.map((host) => limit(() => gatherFacts(state, play, host))))
  const lists = hosts.filter(({ excluded }) => excluded === undefined).map((host) => checkedTasks(state, play, host))
  const once = runOnceTasks(lists)
  const stop = (): boolean => state.signal.aborted || failureReason(play, hosts) !== undefined
  // A host waiting for another host's run_once result occupies a slot. All hosts must run concurrently then.
  const slots = once.size > 0 ? pLimit(Math.max(state.forks, hosts.length)) : limit
  const settled = await Promise.allSettled(
    lists.map((list) =>
      slots(async () => {
        if (list.host.excluded !== undefined) return
        try {
          await runTasks(state, play, list, once, stop)
        } finally {
          for (const each of once.values()) each.removeHost(list.host.name)
        }
      }),
    ),
  )
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason
}

/** The tasks of a play for a host, and its handlers. */
interface HostTasks {
  readonly host: RunHost
  readonly tasks: readonly CheckedTask[]
  /** For each task: its title, numbered if repeated. Matches a task across the lists of several hosts. */
  readonly keys: readonly string[]
  readonly handlers: readonly (readonly [name: string, task: CheckedTask])[]
}

/** @throws {PlaybookError} a function of the play throws, or a task notifies a handler that the play does not have. */
function checkedTasks(state: RunState, play: Play, host: RunHost): HostTasks {
  const context = contextOf(state, play, host)
  const all = tasksOf(play, context)
  const handlers = handlersOf(play, context)
  checkNotify(play, [...all, ...Object.values(handlers)], Object.keys(handlers))
  const inherited = tagList(play.tags)
  const tasks = all
    .filter(({ keywords }) => tagsSelect([...inherited, ...tagList(keywords.tags)], state.tags))
    .map(checkTask)
  return {
    host,
    tasks,
    keys: numberTitles(tasks),
    handlers: Object.entries(handlers).map(([name, task]) => [name, checkTask({ ...task, title: task.title ?? name })]),
  }
}

async function runTasks(
  state: RunState,
  play: Play,
  { host, tasks, keys, handlers }: HostTasks,
  once: ReadonlyMap<string, RunOnce>,
  stop: () => boolean,
): Promise<void> {
  const names = handlers.map(([name]) => name)
  const context = executionContext(state, play, host, names)
  const executions = tasks.map((checked, i) => {
    const shared = checked.task.keywords.run_once ? once.get(keys[i] as string) : undefined
    return new TaskExecution(context, checked, targetOf(context, checked.task, shared && { once: shared }))
  })
  const handlerExecutions = handlers.map(
    ([handler, checked]) => new TaskExecution(context, checked, targetOf(context, checked.task, { handler })),
  )
  await new HostPlay(context, handlerExecutions).run(executions, stop)
}

/** Facts are gathered once per run. */
async function gatherFacts(state: RunState, play: Play, host: RunHost): Promise<void> {
  if (host.excluded !== undefined || Object.keys(host.facts).length > 0) return
  const task: Task = setup('Gather facts', {})
  // Task lists depend on facts, so check mode gathers them as well. Without `reads`, they are never "unknown".
  const module = { ...task.module, reads: () => [] }
  const checked = checkTask({ ...task, module, keywords: { register: facts } })
  const context = executionContext(state, play, host, [])
  const execution = new TaskExecution(context, checked, targetOf(context, checked.task))
  await new HostPlay(context, []).run([execution], () => state.signal.aborted)
  const scope = state.registry.scope(host.name)
  if (scope.has(facts.key, host.name)) host.facts = facts.read(scope)
}

function runOnceTasks(lists: readonly HostTasks[]): Map<string, RunOnce> {
  const candidates = new Map<string, string[]>()
  for (const { host, tasks, keys } of lists) {
    tasks.forEach(({ task }, i) => {
      if (!task.keywords.run_once) return
      const key = keys[i] as string
      candidates.set(key, [...(candidates.get(key) ?? []), host.name])
    })
  }
  return new Map([...candidates].map(([key, hosts]) => [key, new RunOnce(hosts)]))
}

function numberTitles(tasks: readonly CheckedTask[]): string[] {
  const counts = new Map<string, number>()
  return tasks.map(({ title }) => {
    const nth = (counts.get(title) ?? 0) + 1
    counts.set(title, nth)
    return `${title}#${nth}`
  })
}

const executionContext = (
  state: RunState,
  play: Play,
  host: RunHost,
  handlers: readonly string[],
): ExecutionContext => ({
  state,
  play,
  host,
  vars: varsOf(state, play, host),
  handlers: new NotifiedHandlers(play.name, handlers),
})

function contextOf(state: RunState, play: Play, host: RunHost): PlayContext {
  return {
    host: host.name,
    vars: varsOf(state, play, host),
    facts: host.facts,
    groups: state.groups,
    hostvars: (name) => hostVars(state, name),
    check: state.check,
  }
}

const hostVars = (state: RunState, name: string): Readonly<Record<string, unknown>> =>
  state.varReads.view({ ...state.host(name).vars, ...state.extraVars, ansible_facts: state.host(name).facts })

const hostVarsOfRuns = new WeakMap<RunState, object>()

/** The variables of all hosts, for templates; each is read on demand. */
function allHostVars(state: RunState): object {
  const known = hostVarsOfRuns.get(state)
  if (known !== undefined) return known
  const all = {}
  hostVarsOfRuns.set(state, all)
  for (const name of state.groups.all ?? [])
    Object.defineProperty(all, name, { enumerable: true, get: () => hostVars(state, name) })
  return all
}

const varsOf = (state: RunState, play: Play, host: RunHost): Readonly<Record<string, unknown>> =>
  state.varReads.view({
    ...host.vars,
    ...play.vars,
    ...state.extraVars,
    inventory_hostname: host.name,
    groups: state.groups,
    hostvars: allHostVars(state),
    ansible_facts: host.facts,
  })
