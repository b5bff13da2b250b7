import { disturbAll, type Experiment, type Message, MessageError, messageText } from 'labbook'
import {
  type LabContext,
  type LabSetupContext,
  labExperiment,
  type LabText,
  type MessageKey,
  say,
  verbatim,
} from '../../../messages/say.ts'
import { findingId, type ClaimVerdict, type Verdicts } from '../../../prove/experiments/service-experiment.ts'
import { disturbedTargets } from '../../cluster.ts'
import { KUBERNETES, type KubernetesKind } from '../kinds.ts'
import type { Workload } from '../model.ts'
import { requireSteadyState, type KubernetesRun, type KubernetesSession } from '../session.ts'

/** First part of the findings' ids. */
const PREFIX = 'prove'

/** A claim about each workload of an experiment. */
export interface WorkloadClaim {
  readonly name: string
  readonly statement: (workload: Workload) => LabText
  /** Whether it makes sense for a workload. Default: always. */
  readonly applies?: (workload: Workload, session: KubernetesSession) => boolean
}

export interface WorkloadExperiment {
  readonly kind: KubernetesKind
  readonly hypothesis: MessageKey
  readonly claims: readonly WorkloadClaim[]
  readonly method: (on: LabContext, session: KubernetesSession, workload: Workload) => Promise<Verdicts>
  /** Undoes what the method does to a workload, from any point. */
  readonly undo?: (on: LabSetupContext, session: KubernetesSession, workload: Workload) => Promise<void>
}

/** Id of a finding: `prove.kill.replaced.web`. */
export const workloadFinding = (kind: KubernetesKind, claim: string, workload: string): string =>
  findingId(PREFIX, kind, claim, workload)

export const hasEntryPoints = (_workload: Workload, { targets }: KubernetesSession): boolean => targets.length > 0

/** Whether a probe counts increments. */
export const hasCounter = (_workload: Workload, { targets }: KubernetesSession): boolean =>
  targets.some(({ entryPoint }) =>
    entryPoint.probes.some((probe) => probe.kind === 'http' && probe.counter !== undefined),
  )

/**
 * An experiment that disturbs one workload after the other, under requests.
 *
 * @param planned - the workloads, as far as they are known before the run
 */
export function workloadExperiment(
  run: KubernetesRun,
  planned: readonly string[],
  { kind, hypothesis, claims, method, undo }: WorkloadExperiment,
): Experiment {
  const claimsOf = (workload: Workload): readonly WorkloadClaim[] => {
    const { session } = run
    return session === undefined ? [] : claims.filter(({ applies }) => applies?.(workload, session) ?? true)
  }
  const workloads = (): readonly Workload[] => run.targets(kind).filter((each) => claimsOf(each).length > 0)
  const effect = KUBERNETES[kind].effect(planned.join(', '))
  return labExperiment(
    KUBERNETES[kind].title,
    {
      hosts: 'localhost',
      tags: ['k3s', 'prove', kind, 'proof'],
      disturbs: effect === '' ? false : (on) => disturbAll(disturbedTargets(on), effect),
      hypothesis,
      assertions: () =>
        Object.fromEntries(
          workloads().flatMap((workload) =>
            claimsOf(workload).map(({ name, statement }) => [
              workloadFinding(kind, name, workload.name),
              statement(workload),
            ]),
          ),
        ),
      steadyState: async (on) => {
        if (workloads().length > 0) await requireSteadyState(on, run.inspected)
      },
      rollback: async (on) => {
        if (undo === undefined) return
        for (const workload of workloads()) await undo(on, run.inspected, workload)
      },
    },
    async (on) => {
      for (const workload of workloads()) {
        const verdicts = await verdictsOf(on, () => method(on, run.inspected, workload))
        for (const { name } of claimsOf(workload)) reportVerdict(on, run, kind, name, workload.name, verdicts)
        if (undo === undefined) continue
        await undo(on, run.inspected, workload)
        await requireSteadyState(on, run.inspected)
      }
    },
  )
}

/** One workload that cannot be tried does not end the experiment for the others. */
async function verdictsOf(on: LabContext, method: () => Promise<Verdicts>): Promise<Verdicts | Error> {
  try {
    return await method()
  } catch (error) {
    if (on.signal.aborted || !(error instanceof Error)) throw error
    return error
  }
}

const reasonOf = (error: Error): Message => (error instanceof MessageError ? error.text : verbatim(error.message))

/** Reports a finding and remembers it for suggestions. */
export function reportVerdict(
  on: LabContext,
  run: KubernetesRun,
  kind: KubernetesKind,
  claim: string,
  workload: string,
  verdicts: Verdicts | Error,
): void {
  const { facts = {}, ...verdict }: ClaimVerdict =
    verdicts instanceof Error
      ? { holds: null, evidence: [], detail: reasonOf(verdicts) }
      : (verdicts[claim] ?? { holds: null, evidence: [], detail: say('not measured') })
  on.finding(workloadFinding(kind, claim, workload), verdict)
  run.outcomes.push({
    kind,
    claim,
    service: workload,
    holds: verdict.holds,
    detail: messageText(verdict.detail ?? ''),
    facts,
  })
}
