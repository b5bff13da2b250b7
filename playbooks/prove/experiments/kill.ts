import { type LabSetupContext, say } from '../../messages/say.ts'
import { killExperiment } from '../../methods/kill-experiment.ts'
import { watchReplacement } from '../../methods/replacement.ts'
import { isSteady, stackState } from '../../methods/steady-state.ts'
import { containerIn, fullName, isRunning, namedService, serviceTasks } from '../../methods/tasks.ts'
import type { StackService } from '../model.ts'
import type { Session } from '../session.ts'
import { SWARM } from '../swarm.ts'
import type { StackExperiment } from './service-experiment.ts'

/** Kills a container with SIGKILL. */
export const kill: StackExperiment = {
  ...killExperiment(SWARM, {
    hypothesis: 'Swarm starts another task for a container that ends. Until then, other replicas answer.',
    replaced: (name) => say('Swarm replaces a killed container of {name}', { name }),
    available: (name) => say('Entry points answer while a container of {name} is killed and replaced', { name }),
    increments: (name) => say('Replacement of a killed container of {name} loses no acknowledged increment', { name }),
    timeline: (service) => say('Timeline: a container of {service} is killed', { service }),
    async instance(on, session, { name: service }) {
      const named = namedService(session, service)
      const running = (await serviceTasks(on, named.fullName)).filter(isRunning).length
      const { task, node, id } = await containerIn(on, named.fullName)
      return {
        kill: { title: say('Kill a container of {service}', { service }), host: node, command: `docker kill ${id}` },
        killed: say('container of {service} on {node} killed', { service, node }),
        watchReplacement: () => watchReplacement(on, named, task, running),
      }
    },
  }),
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
