import { type LabContext, type LabSetupContext, say, inSeconds } from '../../messages/say.ts'
import type { StackService } from '../model.ts'
import { hasCounter, observeStack } from '../observe.ts'
import {
  containerIn,
  fullName,
  isRunning,
  parseTasks,
  tasksCommand,
  serviceTasks,
  type StackTask,
} from '../../methods/tasks.ts'
import { isSteady, stackState, type Session } from '../session.ts'
import type { ServiceExperiment } from './service-experiment.ts'
import { availability, maxOutage, noLostIncrement, onlyIf, unlessPartitioned } from '../../methods/verdicts.ts'

/** Seconds after which a slot without a new task counts as not replaced. */
const NO_NEW_TASK_SECONDS = 15

export const hasEntryPoints = (_service: StackService, { targets }: Session): boolean => targets.length > 0

/** Kills a container with SIGKILL. */
export const kill: ServiceExperiment = {
  kind: 'kill',
  hypothesis: 'Swarm starts another task for a container that ends. Until then, other replicas answer.',
  claims: [
    { name: 'replaced', statement: ({ name }) => say('Swarm replaces a killed container of {name}', { name }) },
    {
      name: 'available',
      statement: ({ name }) => say('Entry points answer while a container of {name} is killed and replaced', { name }),
      applies: hasEntryPoints,
    },
    {
      name: 'increments',
      statement: ({ name }) =>
        say('Replacement of a killed container of {name} loses no acknowledged increment', { name }),
      applies: hasCounter,
    },
  ],
  async method(on, session, service) {
    const name = fullName(session, service.name)
    const observed = await observeStack(
      on,
      session,
      say('Timeline: a container of {service} is killed', { service: service.name }),
      async ({ mark, now }) => {
        const running = (await serviceTasks(on, name)).filter(isRunning).length
        const container = await containerIn(on, name)
        const began = now()
        const killed = await on.exhibit({
          title: say('Kill a container of {service}', { service: service.name }),
          host: container.node,
          command: `docker kill ${container.id}`,
        })
        mark(say('container of {service} on {node} killed', { service: service.name, node: container.node }))
        const replaced = await watchReplacement(on, service, name, container.task, running)
        mark(replaced.reached ? 'replaced' : 'not replaced')
        const after = now() - began
        // Requests that were sent before the replacement.
        await on.pause(1, 'the last responses')
        return { killed, replaced, after, began }
      },
    )
    const { killed, replaced, after, began } = observed.value
    const isKilled = killed.exitCode === 0
    return {
      replaced: {
        holds: isKilled ? replaced.reached : null,
        evidence: [killed, replaced.exhibit, observed.exhibit],
        detail: replaced.reached
          ? say('replaced after {time}', { time: inSeconds(after) })
          : say('not replaced after {time}', { time: inSeconds(after) }),
        measured: replaced.reached ? { 'time to replacement': [after, 's'] } : {},
      },
      increments: onlyIf(isKilled, { ...noLostIncrement(observed), evidence: [observed.exhibit] }),
      available: onlyIf(
        isKilled,
        await unlessPartitioned(
          on,
          observed,
          availability(observed, maxOutage(on, service.overrides.maxOutage), { from: began }),
        ),
      ),
    }
  },
  undo: restoreTasks,
}

/** Waits until a task has ended and as many run as before; ends early if Swarm starts no other. */
export async function watchReplacement(
  on: LabContext,
  service: StackService,
  name: string,
  task: string,
  wanted: number,
  within = 120,
): Promise<{ reached: boolean; exhibit: Awaited<ReturnType<LabContext['watch']>>['exhibit'] }> {
  let tasks: readonly StackTask[] = []
  let endedAt: number | undefined
  const isReplaced = (): boolean =>
    !tasks.some((each) => each.id === task && isRunning(each)) && tasks.filter(isRunning).length >= wanted
  const { exhibit } = await on.watch({
    title: say('Tasks of {service} until the replacement', { service: service.name }),
    waitingFor: `another task of ${service.name}`,
    command: tasksCommand(name),
    within,
    until: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return false
      tasks = parseTasks(stdout)
      if (!tasks.some((each) => each.id === task && isRunning(each))) endedAt ??= Date.now()
      const isAbandoned =
        endedAt !== undefined &&
        Date.now() - endedAt > NO_NEW_TASK_SECONDS * 1000 * on.timeoutMultiplier &&
        tasks.filter(({ desired }) => desired === 'running' || desired === 'ready').length < wanted
      return isReplaced() || isAbandoned
    },
  })
  return { reached: isReplaced(), exhibit }
}

/** Starts missing tasks of a service that Swarm does not restart. */
export async function restoreTasks(on: LabSetupContext, session: Session, service: StackService): Promise<void> {
  const state = await stackState(on, session)
  if (isSteady({ ...state, services: state.services.filter(({ name }) => name === fullName(session, service.name)) }))
    return
  if (service.restart === 'any') return
  await on.exec({ command: `docker service update --detach --quiet --force ${fullName(session, service.name)}` })
}
