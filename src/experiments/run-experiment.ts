import { assertionsOf, type Experiment, type ExperimentContext, type Verdict } from '../playbook/experiment.ts'
import type { Finding, Phase } from '../events/events.ts'
import { MessageError, messageText, sayIn, type Message } from '../events/message.ts'
import type { RunnerText } from '../events/runner-texts.ts'
import { setupContext } from './experiment-context.ts'
import { mergeVerdicts } from './merge-verdicts.ts'
import { describeError } from '../playbook/playbook-errors.ts'
import { Interrupted } from '../playbook/interrupted.ts'
import type { RunState } from '../execution/run-state.ts'
import { stopwatch } from '../execution/stopwatch.ts'

const say = sayIn<RunnerText>()

/**
 * Runs an experiment, as many times as the run repeats it. Findings without a verdict are reported as inconclusive,
 * with the reason.
 */
export async function runExperiment(
  state: RunState,
  experiment: Experiment,
  names: readonly string[],
  nextId: (title: string) => string,
  phase?: Phase,
): Promise<void> {
  const { name, hypothesis, questions: asks = {} } = experiment
  const statements = statementsOf(experiment)
  const watch = stopwatch()
  const verdictsById = new Map<string, Verdict[]>(Object.keys(statements).map((id) => [id, []]))
  const emitFinding = (id: string, verdicts: readonly Verdict[]): void => {
    const question = id in asks ? ({ question: true } as const) : {}
    const statement = statements[id] as string | Message
    const { detail, ...merged } = mergeVerdicts(verdicts)
    state.emit({
      type: 'finding',
      id,
      experiment: name,
      statement: messageText(statement),
      ...question,
      ...merged,
      ...(detail === undefined ? {} : { detail: messageText(detail) }),
      ...messagesOf(statement, detail),
    })
  }
  state.emit({
    type: 'play_start',
    play: name,
    hosts: names,
    kind: 'experiment',
    ...(phase && { phase }),
    ...(hypothesis === undefined ? {} : { hypothesis }),
  })
  try {
    for (let repetition = 1; repetition <= state.repeat; repetition++) {
      if (state.repeat > 1)
        state.emit({ type: 'notice', level: 'info', message: `${name}: ${repetition} of ${state.repeat}` })
      await runOnce(state, experiment, names, nextId, Object.keys(statements), (id, verdict) => {
        verdictsById.get(id)?.push(verdict)
        if (state.repeat === 1) emitFinding(id, [verdict])
      })
    }
  } finally {
    if (state.repeat > 1) for (const [id, verdicts] of verdictsById) emitFinding(id, verdicts)
    if (!state.signal.aborted) state.emit({ type: 'play_end', play: name, durationMs: watch.elapsed() })
  }
}

const statementsOf = (experiment: Experiment): Readonly<Record<string, string | Message>> => ({
  ...assertionsOf(experiment),
  ...experiment.questions,
})

/** A text without values is its own key. */
function messagesOf(statement: string | Message, detail: Verdict['detail']): Pick<Finding, 'messages'> {
  const messages = {
    ...(typeof statement === 'string' ? {} : { statement }),
    ...(detail === undefined || typeof detail === 'string' ? {} : { detail }),
  }
  return Object.keys(messages).length === 0 ? {} : { messages }
}

/** @throws {Interrupted} */
async function runOnce(
  state: RunState,
  experiment: Experiment,
  names: readonly string[],
  nextId: (title: string) => string,
  ids: readonly string[],
  conclude: (id: string, verdict: Verdict) => void,
): Promise<void> {
  const { name, steadyState: start, method: observe } = experiment
  const pending = new Set(ids)
  const finding = (id: string, verdict: Verdict): void => {
    if (!pending.delete(id))
      throw new Error(`experiment "${name}" reports finding "${id}" twice, or did not declare it`)
    conclude(id, verdict)
  }
  const cannotTell: ExperimentContext['inconclusive'] = (why, evidence = []) => {
    for (const id of [...pending]) finding(id, { holds: null, evidence, detail: why })
  }
  const context = setupContext(state, experiment, names, nextId)
  const on: ExperimentContext = { ...context, finding, inconclusive: cannotTell }
  const reasons: (string | Message)[] = []
  let started = false
  try {
    const out = names.filter((host) => state.host(host).excluded !== undefined)
    if (names.length === 0) reasons.push(say('no hosts match {pattern}', { pattern: experiment.hosts }))
    else if (out.length > 0)
      reasons.push(say('not run: {hosts} failed or became unreachable earlier', { hosts: out.join(', ') }))
    else {
      await start?.(context)
      started = true
      await observe(on)
    }
  } catch (error) {
    if (state.signal.aborted || error instanceof Interrupted) throw new Interrupted()
    const reason = describeError(error)
    reasons.push(error instanceof MessageError ? error.text : reason)
    state.emit({ type: 'notice', level: 'error', message: `${name}: ${reason}` })
  } finally {
    cannotTell(
      reasons[0] ?? (state.signal.aborted ? say('interrupted') : say('the experiment ended without a verdict')),
    )
    if (started) await restore(state, experiment, names, nextId)
  }
}

/** Rolls back. After an interrupt, the run's connections are closed, so this uses fresh ones. */
async function restore(
  state: RunState,
  experiment: Experiment,
  names: readonly string[],
  nextId: (title: string) => string,
): Promise<void> {
  const { name } = experiment
  if (experiment.rollback === undefined) return
  const interrupted = state.signal.aborted
  const on = interrupted ? state.withFreshConnections() : state
  if (interrupted) state.emit({ type: 'notice', level: 'warning', message: `${name}: rolling back` })
  try {
    await experiment.rollback(setupContext(on, experiment, names, nextId))
  } catch (error) {
    // The first Ctrl-C during a rollback restarts it over fresh connections. A second one ends the program.
    if (state.signal.aborted && !interrupted) {
      await restore(state, experiment, names, nextId)
      return
    }
    state.emit({
      type: 'notice',
      level: 'error',
      message: `${name}: rollback failed: ${describeError(error)}. Run the playbook again to repair the state`,
    })
  } finally {
    if (interrupted) await on.close()
  }
}
