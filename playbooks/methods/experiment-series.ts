import { type Message, messageText, type PlaybookError } from 'labbook'
import type { LabContext, LabVerdict } from '../messages/say.ts'

/** A verdict of an experiment, from which changes of the deployed files are suggested. */
export interface Outcome {
  readonly kind: string
  readonly claim: string
  readonly service: string
  readonly holds: boolean | null
  readonly detail: string
  /** What the experiment found out about the cause: `memory MiB` -> 30. */
  readonly facts: Readonly<Record<string, string | number>>
}

export interface ClaimVerdict extends LabVerdict {
  /** What was found out about the cause of a failure, for suggestions. */
  readonly facts?: Outcome['facts']
}

/** Verdicts by the names of the claims. */
export type Verdicts = Readonly<Record<string, ClaimVerdict>>

/** What the inspection finds, as far as every series needs it. */
interface Inspected<Kind extends string> {
  /** Experiments that the machines do not support, and why. */
  readonly unsupported: Readonly<Partial<Record<Kind, Message>>>
}

/** Shared by the steps of a series of experiments: what the inspection found, and what the experiments did. */
export abstract class ExperimentSeries<Kind extends string, Service, Session extends Inspected<Kind>> {
  /** Names from `-e services=...`. */
  readonly named: readonly string[] | undefined
  /** First part of the findings' ids. */
  readonly prefix: string
  readonly outcomes: Outcome[] = []
  #session: Session | undefined

  constructor(named: readonly string[] | undefined, prefix = 'prove') {
    this.named = named
    this.prefix = prefix
  }

  get session(): Session | undefined {
    return this.#session
  }

  begin(session: Session): void {
    this.#session = session
  }

  /** @throws {PlaybookError} if nothing has been inspected. */
  get inspected(): Session {
    if (this.#session === undefined) throw this.notInspected()
    return this.#session
  }

  /** The services of an experiment; none before the inspection. */
  targets(kind: Kind): readonly Service[] {
    const { session } = this
    return session === undefined || session.unsupported[kind] !== undefined ? [] : this.targetsIn(session, kind)
  }

  /** Id of a finding: `prove.kill.replaced.vote`. */
  findingId(kind: string, claim: string, service: string): string {
    return `${this.prefix}.${kind}.${claim}.${service.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-')}`
  }

  /** Reports a finding and remembers it for suggestions. */
  report(on: LabContext, kind: Kind, claim: string, service: string, found: ClaimVerdict): void {
    const { facts = {}, ...verdict } = found
    on.finding(this.findingId(kind, claim, service), verdict)
    this.outcomes.push({
      kind,
      claim,
      service,
      holds: verdict.holds,
      detail: messageText(verdict.detail ?? ''),
      facts,
    })
  }

  protected abstract notInspected(): PlaybookError

  protected abstract targetsIn(session: Session, kind: Kind): readonly Service[]
}
