import { setTimeout as sleep } from 'node:timers/promises'
import { TimeLimit } from '../connection/connection.ts'
import type { Outcome } from '../shell/batch.ts'
import type { Exhibit } from './events.ts'
import type { Experiment, ExperimentContext, Observation, Verdict, Watch, Watched } from './experiment.ts'
import { runBatch } from './host.ts'
import { Interrupted, type RunState } from './state.ts'

const DEFAULT_SECONDS = 60

/** Runs an experiment. What it set out to prove and did not come to is reported as "cannot tell", with the reason. */
export async function runExperiment(state: RunState, experiment: Experiment, names: readonly string[], nextId: (title: string) => string): Promise<void> {
  const { name, proves } = experiment
  const started = Date.now()
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
    state.emit({ type: 'play_end', play: name, durationMs: Date.now() - started })
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
  const look = (observation: Observation): Promise<Seen> => observe(state, observation, observation.host ?? (hosts[0] as string))
  return {
    hosts,
    groups: state.groups,
    hostvars: (name) => ({ ...state.host(name).vars, ...state.extraVars }),
    signal: state.signal,
    exhibit: async (observation) => keep(await look(observation)),
    watch: async (watch) => await watchFor(watch, look, keep, state.signal),
    record: ({ title, command, stdout, durationMs }) => keep({
      title, command, stdout, durationMs, stderr: '', exitCode: 0, host: 'controller', start: new Date(Date.now() - durationMs).toISOString(),
    }),
    finding: conclude,
    notice: (message, level = 'info') => { state.emit({ type: 'notice', level, message }) },
  }
}

type Seen = Omit<Exhibit, 'type' | 'time' | 'id' | 'experiment'>

async function observe(state: RunState, { title, command, become = true, timeout = DEFAULT_SECONDS }: Observation, name: string): Promise<Seen> {
  if (state.signal.aborted) throw new Interrupted()
  const host = state.host(name)
  const start = Date.now()
  const { user, password } = host.become
  const outcome = await runBatch(host.connection, [command], {
    ...(become ? { become: { user, ...(password === undefined ? {} : { password }) } } : {}),
    timeLimitSeconds: timeout,
  }).then(([first]) => first as Outcome, (error: unknown) => {
    if (!(error instanceof TimeLimit)) throw error
    return { stdout: error.stdout.toString('utf8'), stderr: `${error.stderr.toString('utf8')}\n${error.message}`.trim(), exitCode: 124 }
  })
  const { stdout, stderr, exitCode } = outcome
  return { title, command, host: name, stdout, stderr, exitCode, start: new Date(start).toISOString(), durationMs: Date.now() - start }
}

async function watchFor(
  { until, within = DEFAULT_SECONDS, every = 1, ...observation }: Watch,
  look: (observation: Observation) => Promise<Seen>, keep: (seen: Seen) => Exhibit, signal: AbortSignal,
): Promise<Watched> {
  const started = Date.now()
  for (;;) {
    const seen = await look(observation)
    const seconds = (Date.now() - started) / 1000
    const reached = until(seen)
    if (reached || seconds >= within) return { reached, seconds, exhibit: keep({ ...seen, start: new Date(started).toISOString(), durationMs: Date.now() - started }) }
    await sleep(every * 1000, undefined, { signal }).catch(() => { throw new Interrupted() })
  }
}
