import { type Exhibit, type Message, MessageError, PlaybookError } from 'labbook'
import { type LabSetupContext, say, verbatim } from '../../messages/say.ts'
import { ExperimentSeries } from '../../methods/experiment-series.ts'
import { failingProbes, type EntryTarget } from '../../methods/traffic.ts'
import { kubectl } from '../cluster.ts'
import { workloadsOf, type KubernetesKind } from './kinds.ts'
import type { KubernetesModel, Workload } from './model.ts'
import { type ClusterState, podsOf, readState, stateCommand, unsteady } from './state.ts'

/** What the inspection finds and the experiments use. */
export interface KubernetesSession {
  readonly model: KubernetesModel
  /** Every address of every entry point. */
  readonly targets: readonly EntryTarget[]
  /** Experiments that the machines do not support, and why. */
  readonly unsupported: Readonly<Partial<Record<KubernetesKind, Message>>>
}

/** Shared by the steps of a run. */
export class KubernetesRun extends ExperimentSeries<KubernetesKind, Workload, KubernetesSession> {
  protected notInspected(): PlaybookError {
    return new PlaybookError('the workloads have not been inspected: see the step "Inspect the workloads"')
  }

  protected targetsIn({ model }: KubernetesSession, kind: KubernetesKind): readonly Workload[] {
    return workloadsOf(kind, model, this.named)
  }
}

/** Where kubectl runs, the command that reads the state, and kubectl in the namespace of the workloads. */
export function commandsFor(on: LabSetupContext, { namespace }: Pick<KubernetesModel, 'namespace'>) {
  const { at, k } = kubectl(on)
  return {
    at,
    state: stateCommand(k, namespace),
    k: (words: string) => k(`${words} --namespace ${namespace}`),
    cluster: k,
  }
}

export async function currentState(on: LabSetupContext, { model }: KubernetesSession): Promise<ClusterState> {
  const { at, state } = commandsFor(on, model)
  return readState((await on.exec({ ...at, command: state })).stdout)
}

/** The addresses that must answer now: with `externalTrafficPolicy: Local`, only those of nodes with a pod. */
export async function currentTargets(on: LabSetupContext, session: KubernetesSession): Promise<readonly EntryTarget[]> {
  const { targets, model } = session
  if (targets.every(({ entryPoint }) => entryPoint.mode !== 'host')) return targets
  const state = await currentState(on, session)
  return targets.filter(({ entryPoint: { mode, service }, node }) => {
    const workload = model.services.find(({ name }) => name === service)
    return (
      mode !== 'host' ||
      (workload !== undefined && podsOf(state, workload).some((pod) => pod.ready && pod.node === node))
    )
  })
}

/** Seconds to recover after an experiment, before the timeout multiplier. */
const RECOVERY_SECONDS = 180

/**
 * Waits until every workload runs all its pods, and every entry point answers.
 *
 * @returns why it does not; undefined once it does.
 */
export async function awaitSteadyState(
  on: LabSetupContext,
  session: KubernetesSession,
  within = RECOVERY_SECONDS,
): Promise<Message | undefined> {
  const { problem } = await watchSteady(on, session.model, within)
  if (problem !== undefined) return problem
  const deadline = Date.now() + within * on.timeoutMultiplier * 1000
  for (;;) {
    const failing = await failingProbes(await currentTargets(on, session))
    if (failing.length === 0) return undefined
    if (Date.now() > deadline)
      return say('entry points do not answer: {failing}', { failing: failing.slice(0, 3).join('; ') })
    await on.pause(1, 'the entry points to answer')
  }
}

/** Waits until every workload runs all its pods. */
export async function watchSteady(
  on: LabSetupContext,
  model: KubernetesModel,
  within: number,
): Promise<{ readonly problem: Message | undefined; readonly seconds: number; readonly exhibit: Exhibit }> {
  const { at, state } = commandsFor(on, model)
  let missing: readonly string[] = []
  const { reached, seconds, exhibit } = await on.watch({
    ...at,
    title: say('Workloads and pods of namespace {namespace}', { namespace: model.namespace }),
    waitingFor: `the workloads in namespace ${model.namespace} to be ready`,
    command: state,
    within,
    every: 2,
    until: ({ stdout, exitCode }) => {
      missing = exitCode === 0 ? unsteady(readState(stdout), model.services) : ['kubectl does not answer']
      return missing.length === 0
    },
  })
  return { seconds, exhibit, problem: reached ? undefined : verbatim(missing.join('; ')) }
}

/** @throws {MessageError} if a workload is not ready, or an entry point does not answer. */
export async function requireSteadyState(on: LabSetupContext, session: KubernetesSession): Promise<void> {
  const problem = await awaitSteadyState(on, session)
  if (problem !== undefined) throw new MessageError(say('steady state not reached: {problem}', { problem }))
}
