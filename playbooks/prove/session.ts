import { type Message, PlaybookError } from 'labbook'
import { ExperimentSeries } from '../methods/experiment-series.ts'
import { KINDS, servicesOf, type ExperimentKind } from './kinds.ts'
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
export class ProveRun extends ExperimentSeries<ExperimentKind, StackService, Session> {
  readonly #repeats: ProveRun | undefined
  /** The compose file with the suggested changes. */
  suggestedText: string | undefined

  constructor({ named, prefix, repeats }: ProveOptions = {}) {
    super(named, prefix)
    this.#repeats = repeats
  }

  /** Whether there is anything to do. */
  get isNeeded(): boolean {
    return this.#repeats === undefined || this.#repeats.suggestedText !== undefined
  }

  protected notInspected(): PlaybookError {
    return new PlaybookError('the stack has not been inspected: see the step "Inspect the stack"')
  }

  protected targetsIn({ model }: Session, kind: ExperimentKind): readonly StackService[] {
    const services = servicesOf(kind, model, this.named)
    if (this.#repeats === undefined) return services
    const failed = this.#repeats.outcomes.filter((outcome) => outcome.kind === kind && outcome.holds === false)
    return KINDS[kind].scope === 'node'
      ? failed.length > 0
        ? services
        : []
      : services.filter(({ name }) => failed.some(({ service }) => service === name))
  }
}
