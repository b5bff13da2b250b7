import { type Message, PlaybookError } from 'labbook'
import { KINDS, targetsOf, type ExperimentKind } from './kinds.ts'
import type { StackService, StackModel } from './model.ts'
import type { ConstraintNode } from './swarm-nodes.ts'
import type { EntryTarget } from '../methods/traffic.ts'

/** What the first step finds and the experiments use. */
export interface Session {
  /** Name of the stack. */
  readonly stack: string
  /** The running services. */
  readonly model: StackModel
  readonly nodes: readonly ConstraintNode[]
  /** Every address of every entry point, on whichever nodes its tasks run: see `currentTargets`. */
  readonly targets: readonly EntryTarget[]
  /** Experiments that the machines do not support, and why. */
  readonly unsupported: Readonly<Partial<Record<ExperimentKind, Message>>>
}

/** A verdict of an experiment, from which changes of the compose file are suggested. */
export interface Outcome {
  readonly kind: ExperimentKind
  readonly claim: string
  readonly service: string
  readonly holds: boolean | null
  readonly detail: string
  /** What the experiment found out about the cause: `memory MiB` -> 30. */
  readonly facts: Readonly<Record<string, string | number>>
}

/** What a series of experiments is about. */
export interface ProveOptions {
  /** Names from `-e services=...`. */
  readonly named?: readonly string[] | undefined
  /** First part of the findings' ids. */
  readonly prefix?: string
  /** The series whose failed experiments this one repeats. */
  readonly repeats?: ProveRun
}

/** Shared by the steps of a series of experiments. */
export class ProveRun {
  readonly named: readonly string[] | undefined
  readonly prefix: string
  readonly outcomes: Outcome[] = []
  readonly #repeats: ProveRun | undefined
  /** The compose file with the suggested changes. */
  suggestedText: string | undefined
  #session: Session | undefined

  constructor({ named, prefix = 'prove', repeats }: ProveOptions = {}) {
    this.named = named
    this.prefix = prefix
    this.#repeats = repeats
  }

  /** Whether there is anything to do. */
  get isNeeded(): boolean {
    return this.#repeats === undefined || this.#repeats.suggestedText !== undefined
  }

  get session(): Session | undefined {
    return this.#session
  }

  begin(session: Session): void {
    this.#session = session
  }

  /** @throws {PlaybookError} if the stack has not been inspected. */
  get inspected(): Session {
    if (this.#session === undefined)
      throw new PlaybookError('the stack has not been inspected: see the step "Inspect the stack"')
    return this.#session
  }

  /** The services of an experiment; none before the stack is inspected. */
  targets(kind: ExperimentKind): readonly StackService[] {
    if (this.#session === undefined || this.#session.unsupported[kind] !== undefined) return []
    const { services } = targetsOf(kind, this.#session.model, this.named)
    if (this.#repeats === undefined) return services
    const failed = this.#repeats.outcomes.filter((outcome) => outcome.kind === kind && outcome.holds === false)
    return KINDS[kind].scope === 'node'
      ? failed.length > 0
        ? services
        : []
      : services.filter(({ name }) => failed.some(({ service }) => service === name))
  }
}
