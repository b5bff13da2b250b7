import { type Message, PlaybookError } from 'labbook'
import { type LabSetupContext, say } from '../messages/say.ts'
import { readState, stateCommand, type StackState } from '../stack/stack-state.ts'
import { hasAllTasks } from '../stack/tasks.ts'
import { KINDS, targetsOf, type ExperimentKind } from './kinds.ts'
import type { StackService, StackModel } from './model.ts'
import type { ConstraintNode } from './swarm-nodes.ts'
import { failingProbes, type EntryTarget } from '../methods/traffic.ts'

/** What the first step finds and the experiments use. */
export interface Session {
  /** Name of the stack. */
  readonly stack: string
  /** The running services. */
  readonly model: StackModel
  readonly nodes: readonly ConstraintNode[]
  /** Every address of every entry point, on whichever nodes its tasks run: see {@link currentTargets}. */
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

/** Reads the state of all services and tasks of the stack. */
export async function stackState(on: LabSetupContext, { stack }: Pick<Session, 'stack'>): Promise<StackState> {
  const { stdout } = await on.exec({ command: stateCommand(stack) })
  return readState(stdout)
}

/** The addresses that must answer now: a port of a node only where a task runs. */
export async function currentTargets(on: LabSetupContext, session: Session): Promise<readonly EntryTarget[]> {
  const { tasks } = await stackState(on, session)
  return session.targets.filter(
    ({ entryPoint: { mode, service }, node }) =>
      mode !== 'host' ||
      tasks.some(
        (task) =>
          task.service === `${session.stack}_${service}` &&
          task.node === node &&
          task.desired === 'running' &&
          task.state === 'running',
      ),
  )
}

const STARTED_AND_RUNNING = 'running'

/** Whether every service runs all its tasks, and no update is in progress. */
export const isSteady = ({ services, tasks }: StackState): boolean =>
  services.length > 0 &&
  services.every(
    (service) =>
      hasAllTasks(service, tasks) &&
      (service.completed !== null || service.running <= service.desired) &&
      !['updating', 'rollback_started'].includes(service.update),
  ) &&
  tasks.every(({ desired, state }) => desired !== 'running' || state === STARTED_AND_RUNNING)

/** Seconds for a stack to recover after an experiment, before the timeout multiplier. */
const RECOVERY_SECONDS = 150

/**
 * Waits until every service runs all its tasks, and every entry point answers.
 *
 * @returns why it does not; undefined once it does.
 */
export async function awaitSteadyState(
  on: LabSetupContext,
  session: Session,
  within = RECOVERY_SECONDS,
): Promise<Message | undefined> {
  const deadline = Date.now() + within * on.timeoutMultiplier * 1000
  for (;;) {
    const { reached, exhibit } = await on.watch({
      title: say('State of stack {stack}', { stack: session.stack }),
      waitingFor: `stack ${session.stack} to converge`,
      command: stateCommand(session.stack),
      within: Math.max(1, (deadline - Date.now()) / 1000 / on.timeoutMultiplier),
      until: ({ stdout, exitCode }) => exitCode === 0 && isSteady(readState(stdout)),
    })
    if (!reached) return say('the stack did not converge (see exhibit "{exhibit}")', { exhibit: exhibit.id })
    // `watch` records an exhibit: once, while only the entry points are waited for.
    do {
      const failing = await failingProbes(await currentTargets(on, session))
      if (failing.length === 0) return undefined
      if (Date.now() > deadline)
        return say('entry points do not answer: {failing}', { failing: failing.slice(0, 3).join('; ') })
      await on.pause(1, 'the entry points to answer')
    } while (isSteady(await stackState(on, session)))
  }
}
