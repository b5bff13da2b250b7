import { setTimeout as sleep } from 'node:timers/promises'
import { TimeLimit } from '../connection/connection.ts'
import type { Outcome } from '../shell/batch.ts'
import type { Exhibit } from './events.ts'
import type { CareContext, Experiment, Look, Watch, Watched } from './experiment.ts'
import { runBatch } from './host.ts'
import { Interrupted, type RunState } from './state.ts'
import { stopwatch } from './stopwatch.ts'

const DEFAULT_SECONDS = 60
/** The machine that Labbook runs on, as the inventory calls it. */
const CONTROLLER = 'localhost'

/** What an experiment works with, but for its findings. */
export function careContext(state: RunState, experiment: Experiment, hosts: readonly string[], nextId: (title: string) => string): CareContext {
  const keep = (what: Kept): Exhibit => {
    const exhibit = { type: 'exhibit', id: nextId(what.title), experiment: experiment.name, ...what } as const
    state.emit(exhibit)
    return { ...exhibit, time: what.start }
  }
  const look = (observation: Look, keptAs?: string): Promise<Looked> =>
    observe(state, observation, observation.host ?? (hosts[0] as string), keptAs)
  return {
    hosts,
    groups: state.groups,
    hostvars: (name) => ({ ...state.host(name).vars, ...state.extraVars }),
    signal: state.signal,
    exhibit: async ({ title, shown, ...observation }) => {
      const seen = await look(observation, title)
      return keep({ ...seen, title, command: shown ?? seen.command })
    },
    watch: async (watch) => await watchFor(watch, look, keep, state.signal),
    look: async (observation) => {
      const { stdout, stderr, exitCode } = await look(observation)
      return { stdout, stderr, exitCode }
    },
    record: ({ durationMs, ...what }) => keep({
      ...what, durationMs, stderr: '', exitCode: 0, host: 'controller', start: new Date(Date.now() - durationMs).toISOString(),
    }),
    notice: (message, level = 'info') => { state.emit({ type: 'notice', level, message }) },
  }
}

type Kept = Omit<Exhibit, 'type' | 'time' | 'id' | 'experiment'>
type Looked = Omit<Kept, 'title'>

/** @param keptAs - the title of the exhibit it becomes: what is looked at again and again leaves no file of its output each time. */
async function observe(state: RunState, { command, become = true, timeout = DEFAULT_SECONDS }: Look, name: string, keptAs?: string): Promise<Looked> {
  if (state.signal.aborted) throw new Interrupted()
  const host = state.host(name === 'controller' ? CONTROLLER : name)
  const watch = stopwatch()
  const { user, password } = host.become
  const openSpool = keptAs === undefined ? undefined : state.openSpool
  const outcome: Outcome = await runBatch(host.connection, [command], {
    ...(become ? { become: { user, ...(password === undefined ? {} : { password }) } } : {}),
    timeLimitSeconds: timeout,
    keep: () => ({ for: 'probe', ...(openSpool && { spool: (stream) => openSpool({ host: name, task: keptAs ?? '', stream }) }) }),
  }).then(([first]) => first as Outcome, (error: unknown) => {
    if (!(error instanceof TimeLimit)) throw error
    return { stdout: error.stdout.toString('utf8'), stderr: `${error.stderr.toString('utf8')}\n${error.message}`.trim(), exitCode: 124, durationMs: null }
  })
  return { command, host: name, ...outcome, start: watch.start, durationMs: watch.elapsed() }
}

async function watchFor(
  { until, within = DEFAULT_SECONDS, every = 1, title, shown, ...observation }: Watch,
  look: (observation: Look) => Promise<Looked>, keep: (seen: Kept) => Exhibit, signal: AbortSignal,
): Promise<Watched> {
  const watch = stopwatch()
  for (;;) {
    const seen = await look(observation)
    const seconds = watch.elapsed() / 1000
    const reached = until(seen)
    if (reached || seconds >= within) return { reached, seconds, exhibit: keep({ ...seen, title, command: shown ?? seen.command, start: watch.start, durationMs: watch.elapsed() }) }
    await sleep(every * 1000, undefined, { signal }).catch(() => { throw new Interrupted() })
  }
}
