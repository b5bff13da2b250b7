import { type LabSetupContext, say, inSeconds } from '../../messages/say.ts'
import type { StackService } from '../model.ts'
import { observeStack } from '../observe.ts'
import { hasCounter, hasEntryPoints } from '../../methods/traffic.ts'
import { containerIn, fullName, isRunning, namedService, serviceTasks } from '../../methods/tasks.ts'
import { watchReplacement } from '../../methods/replacement.ts'
import type { Session } from '../session.ts'
import type { StackExperiment } from './service-experiment.ts'
import { availability, maxOutage, noLostIncrement, onlyIf, unlessTooSlow } from '../../methods/verdicts.ts'
import { isSteady, stackState } from '../../methods/steady-state.ts'

/** Kills a container with SIGKILL. */
export const kill: StackExperiment = {
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
    const named = namedService(session, service.name)
    const name = named.fullName
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
        const replaced = await watchReplacement(on, named, container.task, running)
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
        await unlessTooSlow(
          on,
          observed,
          availability(observed, maxOutage(on, service.overrides.maxOutage), { from: began }),
        ),
      ),
    }
  },
  undo: restoreTasks,
}

/** Starts missing tasks of a service that Swarm does not restart. */
export async function restoreTasks(on: LabSetupContext, session: Session, service: StackService): Promise<void> {
  const state = await stackState(on, session)
  if (isSteady({ ...state, services: state.services.filter(({ name }) => name === fullName(session, service.name)) }))
    return
  if (service.restart === 'any') return
  await on.exec({ command: `docker service update --detach --quiet --force ${fullName(session, service.name)}` })
}
