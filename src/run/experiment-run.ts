import { setTimeout as sleep } from 'node:timers/promises'
import { TimeLimit } from '../connection/connection.ts'
import type { Outcome } from '../shell/batch.ts'
import type { Exhibit } from './events.ts'
import type { Experiment, ExperimentContext, Observation, Verdict, Watch, Watched } from './experiment.ts'
import { runBatch } from './host.ts'
import { Interrupted, type RunState } from './state.ts'
import { stopwatch } from './stopwatch.ts'

const DEFAULT_SECONDS = 60

/** Runs an experiment. What it set out to prove and did not come to is reported as "cannot tell", with the reason. */
export async function runExperiment(state: RunState, experiment: Experiment, names: readonly string[], nextId: (title: string) => string): Promise<void> {
  const { name, proves } = experiment
  const watch = stopwatch()
  const open = new Map(Object.entries(proves))
  const conclude = (id: string, { holds, evidence, detail }: Verdict): void => {
    const statement = open.get(id)
    if (statement === undefined) throw new Error(`experiment "${name}" makes a finding it did not announce, or makes it twice: ${id}`)
    open.delete(id)
    const ids = evidence.map((exhibit) => exhibit.id)
    state.emit({ type: 'finding', id, experiment: name, statement, holds, evidence: ids, ...(detail === undefined ? {} : { detail }) })
  }
  state.emit({ type: 'play_start', play: name, hosts: names, kind: 'experiment' })
  const reasons: string[] = []
  try {
    const out = names.filter((host) => state.host(host).out !== undefined)
    if (names.length === 0) reasons.push(`no hosts match ${experiment.hosts}`)
    else if (out.length > 0) reasons.push(`not run: ${out.join(', ')} ${out.length === 1 ? 'has' : 'have'} left the run`)
    else await experiment.observe(contextOf(state, experiment, names, conclude, nextId))
  } catch (error) {
    if (state.signal.aborted || error instanceof Interrupted) throw new Interrupted()
    reasons.push((error as Error).message)
    state.emit({ type: 'notice', level: 'error', message: `${name}: ${(error as Error).message}` })
  } finally {
    const why = reasons[0] ?? (state.signal.aborted ? 'interrupted' : 'the experiment ended without a word on it')
    for (const id of [...open.keys()]) conclude(id, { holds: null, evidence: [], detail: why })
    if (!state.signal.aborted) state.emit({ type: 'play_end', play: name, durationMs: watch.elapsed() })
  }
}

function contextOf(
  state: RunState, experiment: Experiment, hosts: readonly string[],
  conclude: (id: string, verdict: Verdict) => void, nextId: (title: string) => string,
): ExperimentContext {
  const keep = (what: Omit<Exhibit, 'type' | 'time' | 'id' | 'experiment'>): Exhibit => {
    const exhibit = { type: 'exhibit', id: nextId(what.title), experiment: experiment.name, ...what } as const
    state.emit(exhibit)
    return { ...exhibit, time: what.start }
  }
  const look = (observation: Observation, toFile = false): Promise<Seen> =>
    observe(state, observation, observation.host ?? (hosts[0] as string), toFile)
  return {
    hosts,
    groups: state.groups,
    hostvars: (name) => ({ ...state.host(name).vars, ...state.extraVars }),
    signal: state.signal,
    exhibit: async (observation) => keep(await look(observation, true)),
    watch: async (watch) => await watchFor(watch, look, keep, state.signal),
    record: ({ durationMs, ...what }) => keep({
      ...what, durationMs, stderr: '', exitCode: 0, host: 'controller', start: new Date(Date.now() - durationMs).toISOString(),
    }),
    finding: conclude,
    notice: (message, level = 'info') => { state.emit({ type: 'notice', level, message }) },
  }
}

type Seen = Omit<Exhibit, 'type' | 'time' | 'id' | 'experiment'>

async function observe(state: RunState, { title, command, become = true, timeout = DEFAULT_SECONDS }: Observation, name: string, toFile: boolean): Promise<Seen> {
  if (state.signal.aborted) throw new Interrupted()
  const host = state.host(name)
  const watch = stopwatch()
  const { user, password } = host.become
  // What is looked at again and again leaves no file each time.
  const openSpool = toFile ? state.openSpool : undefined
  const outcome: Outcome = await runBatch(host.connection, [command], {
    ...(become ? { become: { user, ...(password === undefined ? {} : { password }) } } : {}),
    timeLimitSeconds: timeout,
    keep: () => ({ for: 'probe', ...(openSpool && { spool: (stream) => openSpool({ host: name, task: title, stream }) }) }),
  }).then(([first]) => first as Outcome, (error: unknown) => {
    if (!(error instanceof TimeLimit)) throw error
    return { stdout: error.stdout.toString('utf8'), stderr: `${error.stderr.toString('utf8')}\n${error.message}`.trim(), exitCode: 124, durationMs: null }
  })
  return { title, command, host: name, ...outcome, start: watch.start, durationMs: watch.elapsed() }
}

async function watchFor(
  { until, within = DEFAULT_SECONDS, every = 1, ...observation }: Watch,
  look: (observation: Observation) => Promise<Seen>, keep: (seen: Seen) => Exhibit, signal: AbortSignal,
): Promise<Watched> {
  const watch = stopwatch()
  for (;;) {
    const seen = await look(observation)
    const seconds = watch.elapsed() / 1000
    const reached = until(seen)
    if (reached || seconds >= within) return { reached, seconds, exhibit: keep({ ...seen, start: watch.start, durationMs: watch.elapsed() }) }
    await sleep(every * 1000, undefined, { signal }).catch(() => { throw new Interrupted() })
  }
}
