import pLimit from 'p-limit'
import { setup } from '../modules/core/setup.ts'
import type { Task } from '../modules/task.ts'
import { register } from '../values/reference.ts'
import { makeEntry, type Entry } from '../execution/task-entry.ts'
import type { Phase } from '../events/events.ts'
import type { RunHost } from '../execution/run-host.ts'
import { HostPlay } from './host-play.ts'
import { RunOnce } from '../execution/run-once.ts'
import type { Play, PlayContext } from '../playbook/play.ts'
import { handlersOf, tasksOf } from '../playbook/play-tasks.ts'
import { titleOf } from '../execution/prepare-task.ts'
import type { RunState } from '../execution/run-state.ts'
import { stopwatch } from '../execution/stopwatch.ts'
import { tagList, tagsSelect } from '../playbook/tags.ts'

const facts = register<Readonly<Record<string, unknown>>>('ansible_facts')

/**
 * Runs a play on its hosts, in batches of `serial`. Skips hosts that are excluded from the run.
 *
 * @returns false when the run must end: a host failed and the play sets `any_errors_fatal`.
 */
export async function runPlay(state: RunState, play: Play, names: readonly string[], phase?: Phase): Promise<boolean> {
  const hosts = names.map((name) => state.host(name)).filter(({ excluded: out }) => out === undefined)
  const watch = stopwatch()
  state.emit({
    type: 'play_start',
    play: play.name,
    hosts: hosts.map(({ name }) => name),
    kind: 'play',
    ...(phase && { phase }),
  })
  try {
    for (const batch of batches(hosts, play.serial)) {
      await runHosts(state, play, batch)
      if (play.any_errors_fatal && batch.some(({ excluded: out }) => out !== undefined)) return false
      if (batch.every(({ excluded: out }) => out !== undefined)) break
    }
    return true
  } finally {
    // An interrupted play has no end event.
    if (!state.signal.aborted) state.emit({ type: 'play_end', play: play.name, durationMs: watch.elapsed() })
  }
}

function batches(hosts: readonly RunHost[], serial: Play['serial']): RunHost[][] {
  const size =
    serial === undefined
      ? hosts.length
      : typeof serial === 'number'
        ? serial
        : Math.floor((hosts.length * Number.parseFloat(serial)) / 100)
  const step = Math.max(1, size)
  return Array.from({ length: Math.ceil(hosts.length / step) }, (_, i) => hosts.slice(i * step, (i + 1) * step))
}

async function runHosts(state: RunState, play: Play, hosts: readonly RunHost[]): Promise<void> {
  const limit = pLimit(state.forks)
  if (play.gather_facts) await Promise.all(hosts.map((host) => limit(() => gatherFacts(state, play, host))))
  const lists = new Map(hosts.map((host) => [host, chosenTasks(state, play, host)]))
  const once = runOnceTasks(lists)
  const stop = (): boolean =>
    state.signal.aborted || (play.any_errors_fatal === true && hosts.some(({ excluded: out }) => out !== undefined))
  // A host waiting for another host's run_once result occupies a slot. All hosts must run concurrently then.
  const slots = once.size > 0 ? pLimit(Math.max(state.forks, hosts.length)) : limit
  const settled = await Promise.allSettled(
    hosts.map((host) =>
      slots(async () => {
        if (host.excluded !== undefined) return
        try {
          await runTasks(state, play, host, lists.get(host) ?? [], once, stop)
        } finally {
          for (const each of once.values()) each.removeHost(host.name)
        }
      }),
    ),
  )
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason
}

async function runTasks(
  state: RunState,
  play: Play,
  host: RunHost,
  tasks: readonly Task[],
  once: ReadonlyMap<string, RunOnce>,
  stop: () => boolean,
): Promise<void> {
  const numbered = numberTitles(tasks)
  const entries = tasks.map((task, i): Entry => {
    const shared = once.get(numbered[i] as string)
    return makeEntry(state, play, host, task, task.keywords.run_once && shared !== undefined ? { once: shared } : {})
  })
  const handlers = Object.entries(handlersOf(play, contextOf(state, play, host))).map(([name, task]) =>
    makeEntry(state, play, host, { ...task, title: task.title ?? name }, { handler: name }),
  )
  await new HostPlay(state, play, host, varsOf(state, play, host), handlers).run(entries, stop)
}

/** Facts are gathered once per run. */
async function gatherFacts(state: RunState, play: Play, host: RunHost): Promise<void> {
  if (host.excluded !== undefined || Object.keys(host.facts).length > 0) return
  const task: Task = setup('Gather facts', {})
  // Task lists depend on facts, so check mode gathers them as well. Without `reads`, they are never "unknown".
  const module = { ...task.module, reads: () => [] }
  const entry: Entry = makeEntry(state, play, host, { ...task, module, keywords: { register: facts } })
  await new HostPlay(state, play, host, varsOf(state, play, host), []).run([entry], () => state.signal.aborted)
  const scope = state.registry.scope(host.name)
  if (scope.has(facts.key, host.name)) host.facts = facts.read(scope)
}

function chosenTasks(state: RunState, play: Play, host: RunHost): Task[] {
  if (host.excluded !== undefined) return []
  const inherited = tagList(play.tags)
  return tasksOf(play, contextOf(state, play, host)).filter((task) =>
    tagsSelect([...inherited, ...tagList(task.keywords.tags)], state.tags),
  )
}

function runOnceTasks(lists: ReadonlyMap<RunHost, readonly Task[]>): Map<string, RunOnce> {
  const candidates = new Map<string, string[]>()
  for (const [host, tasks] of lists) {
    const numbered = numberTitles(tasks)
    tasks.forEach((task, i) => {
      if (!task.keywords.run_once) return
      const key = numbered[i] as string
      candidates.set(key, [...(candidates.get(key) ?? []), host.name])
    })
  }
  return new Map([...candidates].map(([key, hosts]) => [key, new RunOnce(hosts)]))
}

/** Makes titles unique within a list, so that a task can be matched across the lists of several hosts. */
function numberTitles(tasks: readonly Task[]): string[] {
  const seen = new Map<string, number>()
  return tasks.map((task) => {
    const title = titleOf(task)
    const nth = (seen.get(title) ?? 0) + 1
    seen.set(title, nth)
    return `${title}#${nth}`
  })
}

function contextOf(state: RunState, play: Play, host: RunHost): PlayContext {
  return {
    host: host.name,
    vars: varsOf(state, play, host),
    facts: host.facts,
    groups: state.groups,
    hostvars: (name) =>
      state.varReads.view({ ...state.host(name).vars, ...state.extraVars, ansible_facts: state.host(name).facts }),
    check: state.check,
  }
}

const varsOf = (state: RunState, play: Play, host: RunHost): Readonly<Record<string, unknown>> =>
  state.varReads.view({
    ...host.vars,
    ...play.vars,
    ...state.extraVars,
    inventory_hostname: host.name,
    groups: state.groups,
    ansible_facts: host.facts,
  })
