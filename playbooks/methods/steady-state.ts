import { type Message, MessageError } from 'labbook'
import { type LabSetupContext, say } from '../messages/say.ts'
import { readState, stateCommand, type StackState } from '../stack/stack-state.ts'
import { hasAllTasks } from '../stack/tasks.ts'
import type { ObservedStack } from './observe.ts'
import { fullName } from './tasks.ts'
import { failingProbes, type EntryTarget } from './traffic.ts'

type SteadyStack = Pick<ObservedStack, 'stack' | 'targets'>

/** Reads the state of all services and tasks of the stack. */
export async function stackState(on: LabSetupContext, { stack }: Pick<SteadyStack, 'stack'>): Promise<StackState> {
  const { stdout } = await on.exec({ command: stateCommand(stack) })
  return readState(stdout)
}

/** The addresses that must answer now: a port of a node only where a task runs. */
export async function currentTargets(
  on: LabSetupContext,
  { stack, targets }: SteadyStack,
): Promise<readonly EntryTarget[]> {
  if (targets.every(({ entryPoint: { mode } }) => mode !== 'host')) return targets
  const { tasks } = await stackState(on, { stack })
  return targets.filter(
    ({ entryPoint: { mode, service }, node }) =>
      mode !== 'host' ||
      tasks.some(
        (task) =>
          task.service === fullName({ stack }, service) &&
          task.node === node &&
          task.desired === 'running' &&
          task.state === 'running',
      ),
  )
}

/** Whether every service runs all its tasks, and no update is in progress. */
export const isSteady = ({ services, tasks }: StackState): boolean =>
  services.length > 0 &&
  services.every(
    (service) =>
      hasAllTasks(service, tasks) &&
      (service.completed !== null || service.running <= service.desired) &&
      !['updating', 'rollback_started'].includes(service.update),
  ) &&
  tasks.every(({ desired, state }) => desired !== 'running' || state === 'running')

/** Seconds for a stack to recover after an experiment, before the timeout multiplier. */
const RECOVERY_SECONDS = 150

/**
 * Waits until every service runs all its tasks, and every entry point answers.
 *
 * @param times - how many times in a row it must answer.
 * @returns why it does not; undefined once it does.
 */
export async function awaitSteadyState(
  on: LabSetupContext,
  steady: SteadyStack,
  within = RECOVERY_SECONDS,
  times = 1,
): Promise<Message | undefined> {
  const { stack } = steady
  const deadline = Date.now() + within * on.timeoutMultiplier * 1000
  for (let answered = 0; ; ) {
    const { reached, exhibit } = await on.watch({
      title: say('State of stack {stack}', { stack }),
      waitingFor: `stack ${stack} to converge`,
      command: stateCommand(stack),
      within: Math.max(1, (deadline - Date.now()) / 1000 / on.timeoutMultiplier),
      until: ({ stdout, exitCode }) => exitCode === 0 && isSteady(readState(stdout)),
    })
    if (!reached) return say('the stack did not converge (see exhibit "{exhibit}")', { exhibit: exhibit.id })
    // `watch` records an exhibit: once, while only the entry points are waited for.
    do {
      const failing = await failingProbes(await currentTargets(on, steady))
      answered = failing.length === 0 ? answered + 1 : 0
      if (answered === times) return undefined
      if (failing.length > 0 && Date.now() > deadline)
        return say('entry points do not answer: {failing}', { failing: failing.slice(0, 3).join('; ') })
      await on.pause(1, 'the entry points to answer')
    } while (isSteady(await stackState(on, steady)))
  }
}

/** @throws {MessageError} if the stack does not converge, or an entry point does not answer. */
export async function requireSteadyState(...options: Parameters<typeof awaitSteadyState>): Promise<void> {
  const problem = await awaitSteadyState(...options)
  if (problem !== undefined) throw new MessageError(say('steady state not reached: {problem}', { problem }))
}
