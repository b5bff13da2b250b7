import { type Experiment, type Message, MessageError } from 'labbook'
import {
  type LabContext,
  type LabExperimentOptions,
  type LabSetupContext,
  labExperiment,
  type LabText,
  type MessageKey,
  say,
  verbatim,
} from '../messages/say.ts'
import type { ClaimVerdict, ExperimentSeries, Verdicts } from './experiment-series.ts'

interface Named {
  readonly name: string
}

/** A claim about each service of an experiment. */
export interface Claim<Service, Session> {
  readonly name: string
  readonly statement: (service: Service) => LabText
  /** Whether it makes sense for a service. Default: always. */
  readonly applies?: (service: Service, session: Session) => boolean
}

/** An experiment that disturbs one service after the other, under requests. */
export interface ServiceExperiment<Kind extends string, Service extends Named, Session> {
  readonly kind: Kind
  readonly hypothesis: MessageKey
  readonly claims: readonly Claim<Service, Session>[]
  readonly method: (on: LabContext, session: Session, service: Service) => Promise<Verdicts>
  /** Undoes what the method does to a service, from any point. */
  readonly undo?: (on: LabSetupContext, session: Session, service: Service) => Promise<void>
}

/** The step of a playbook that runs an experiment. */
export interface ExperimentStep<Session> extends Pick<LabExperimentOptions, 'hosts' | 'tags' | 'disturbs'> {
  readonly name: string
  /** @throws {MessageError} if something does not run, or an entry point does not answer. */
  readonly requireSteadyState: (on: LabSetupContext, session: Session) => Promise<void>
}

/** Runs an experiment on one service after the other, from the steady state. */
export function experimentOnServices<
  Kind extends string,
  Service extends Named,
  Session extends { readonly unsupported: Readonly<Partial<Record<Kind, Message>>> },
>(
  run: ExperimentSeries<Kind, Service, Session>,
  { name: title, requireSteadyState, ...options }: ExperimentStep<Session>,
  { kind, hypothesis, claims, method, undo }: ServiceExperiment<Kind, Service, Session>,
): Experiment {
  const claimsOf = (service: Service): readonly Claim<Service, Session>[] => {
    const { session } = run
    return session === undefined ? [] : claims.filter(({ applies }) => applies?.(service, session) ?? true)
  }
  const services = (): readonly Service[] => run.targets(kind).filter((service) => claimsOf(service).length > 0)
  return labExperiment(
    title,
    {
      ...options,
      hypothesis,
      assertions: () =>
        Object.fromEntries(
          services().flatMap((service) =>
            claimsOf(service).map(({ name, statement }) => [
              run.findingId(kind, name, service.name),
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
        for (const { name } of claimsOf(service)) run.report(on, kind, name, service.name, verdicts(name))
        if (undo === undefined) continue
        await undo(on, run.inspected, service)
        await requireSteadyState(on, run.inspected)
      }
    },
  )
}

/** The verdict of each claim. One service that cannot be tried does not end the experiment for the others. */
async function verdictsOf(on: LabContext, method: () => Promise<Verdicts>): Promise<(claim: string) => ClaimVerdict> {
  try {
    const verdicts = await method()
    return (claim) => verdicts[claim] ?? inconclusive(say('not measured'))
  } catch (error) {
    if (on.signal.aborted || !(error instanceof Error)) throw error
    return () => inconclusive(error instanceof MessageError ? error.text : verbatim(error.message))
  }
}

const inconclusive = (detail: Message): ClaimVerdict => ({ holds: null, evidence: [], detail })
