import { disturbAll, type Disturbs, type Experiment, type Message, MessageError, messageText } from 'labbook'
import {
  type LabContext,
  type LabSetupContext,
  labExperiment,
  type LabText,
  type LabVerdict,
  type MessageKey,
  say,
  verbatim,
} from '../../messages/say.ts'
import { KINDS, type ExperimentKind } from '../kinds.ts'
import type { StackService } from '../model.ts'
import type { ProveRun, Session } from '../session.ts'
import { requireSteadyState } from '../../methods/steady-state.ts'

/** A claim about each service of an experiment. */
export interface Claim {
  readonly name: string
  readonly statement: (service: StackService) => LabText
  /** Whether it makes sense for a service. Default: always. */
  readonly applies?: (service: StackService, session: Session) => boolean
}

export interface ClaimVerdict extends LabVerdict {
  /** What was found out about the cause of a failure, for suggestions. */
  readonly facts?: Readonly<Record<string, string | number>>
}

/** Verdicts by the names of the claims. */
export type Verdicts = Readonly<Record<string, ClaimVerdict>>

export interface ServiceExperiment {
  readonly kind: ExperimentKind
  readonly hypothesis: MessageKey
  readonly claims: readonly Claim[]
  readonly method: (on: LabContext, session: Session, service: StackService) => Promise<Verdicts>
  /** Undoes what the method does to a service, from any point. */
  readonly undo?: (on: LabSetupContext, session: Session, service: StackService) => Promise<void>
}

/** Id of a finding: `prove.kill.replaced.vote`. */
export const findingId = (prefix: string, kind: ExperimentKind, claim: string, service: string): string =>
  `${prefix}.${kind}.${claim}.${service.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-')}`

/** Name of an experiment. */
export const titleIn = ({ prefix }: ProveRun, kind: ExperimentKind): string =>
  prefix === 'prove' ? KINDS[kind].title : `${KINDS[kind].title}, with the changes`

/** What the permission shows. Services of a running stack are known only after it is inspected. */
export const effectOn = (kind: ExperimentKind, services: readonly string[] | undefined, stack?: string): string => {
  const names = services?.join(', ') ?? 'each stateless service'
  return KINDS[kind].effect(stack === undefined ? names : `${names} of stack ${stack}`)
}

/**
 * An experiment that disturbs one service after the other, under requests.
 *
 * @param effect - what it does to the nodes; undefined if it disturbs nothing.
 */
export function serviceExperiment(
  run: ProveRun,
  effect: string | undefined,
  { kind, hypothesis, claims, method, undo }: ServiceExperiment,
): Experiment {
  const claimsOf = (service: StackService): readonly Claim[] => {
    const { session } = run
    return session === undefined ? [] : claims.filter(({ applies }) => applies?.(service, session) ?? true)
  }
  const services = (): readonly StackService[] => run.targets(kind).filter((service) => claimsOf(service).length > 0)
  const disturbs: Disturbs = ({ groups }) => disturbAll(groups.swarm ?? [], effect ?? '')
  return labExperiment(
    titleIn(run, kind),
    {
      hosts: 'swarm_managers[0]',
      tags: ['prove', kind, 'proof'],
      disturbs: effect === undefined ? false : disturbs,
      hypothesis,
      assertions: () =>
        Object.fromEntries(
          services().flatMap((service) =>
            claimsOf(service).map(({ name, statement }) => [
              findingId(run.prefix, kind, name, service.name),
              statement(service),
            ]),
          ),
        ),
      steadyState: async (on) => {
        if (services().length > 0) await requireSteadyState(on, run.inspected)
      },
      rollback: async (on) => {
        if (undo === undefined) return
        for (const service of services()) await undo(on, run.inspected, service)
      },
    },
    async (on) => {
      for (const service of services()) {
        const verdicts = await verdictsOf(on, () => method(on, run.inspected, service))
        for (const { name } of claimsOf(service)) reportVerdict(on, run, kind, name, service, verdicts)
        if (undo === undefined) continue
        await undo(on, run.inspected, service)
        await requireSteadyState(on, run.inspected)
      }
    },
  )
}

/** One service that cannot be tried does not end the experiment for the others. */
async function verdictsOf(on: LabContext, method: () => Promise<Verdicts>): Promise<Verdicts | Error> {
  try {
    return await method()
  } catch (error) {
    if (on.signal.aborted || !(error instanceof Error)) throw error
    return error
  }
}

/** Why an experiment could not be run, for its findings. */
const reasonOf = (error: Error): Message => (error instanceof MessageError ? error.text : verbatim(error.message))

/** Reports a finding and remembers it for suggestions. */
export function reportVerdict(
  on: LabContext,
  run: ProveRun,
  kind: ExperimentKind,
  claim: string,
  service: { readonly name: string },
  verdicts: Verdicts | Error,
): void {
  const { facts = {}, ...verdict }: ClaimVerdict =
    verdicts instanceof Error
      ? { holds: null, evidence: [], detail: reasonOf(verdicts) }
      : (verdicts[claim] ?? { holds: null, evidence: [], detail: say('not measured') })
  on.finding(findingId(run.prefix, kind, claim, service.name), verdict)
  run.outcomes.push({
    kind,
    claim,
    service: service.name,
    holds: verdict.holds,
    detail: messageText(verdict.detail ?? ''),
    facts,
  })
}
