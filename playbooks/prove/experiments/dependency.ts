import { say } from '../../messages/say.ts'
import { dependencyExperiment } from '../../methods/dependency-experiment.ts'
import { SWARM } from '../swarm.ts'
import type { StackExperiment } from './service-experiment.ts'
<<<<<<< HEAD
import { describeStats, statsByProbe, unlessTooSlow } from '../../methods/verdicts.ts'
import { awaitSteadyState } from '../../methods/steady-state.ts'

/** Seconds for which the dependency is away. */
const AWAY_SECONDS = 8
/** Seconds for the stack to recover. */
const RECOVERY_SECONDS = 90
=======
>>>>>>> ea78ca49

/** Scales a service to 0 for a while. */
export const dependency: StackExperiment = dependencyExperiment(SWARM, {
  hypothesis: 'Services that use it fail requests meanwhile, and work again once it is back, without help.',
<<<<<<< HEAD
  claims: [
    { name: 'recovers', statement: ({ name }) => say('The stack recovers by itself after {name} was away', { name }) },
  ],
  async method(on, session, service) {
    const named = namedService(session, service.name)
    const users = session.model.services.filter(({ dependencies }) => dependencies.includes(service.name))
    const observed = await observeStack(
      on,
      session,
      say('Timeline: {service} is away', { service: service.name }),
      async ({ mark, now }) => {
        const removed = await on.exhibit({
          title: say('Scale {service} to 0', { service: service.name }),
          command: scaleCommand(named, 0),
        })
        mark(say('{service} scaled to 0', { service: service.name }))
        await on.pause(AWAY_SECONDS * durationMultiplierOf(on.timeoutMultiplier), `the users of ${service.name}`)
        const began = now()
        const returned = await on.exhibit({
          title: say('Scale {service} back', { service: service.name }),
          command: scaleCommand(named, service.replicas),
        })
        mark(say('{service} scaled to {replicas}', { service: service.name, replicas: service.replicas }))
        const problem = await awaitSteadyState(on, session, RECOVERY_SECONDS)
        mark(problem === undefined ? 'recovered' : 'not recovered')
        return { removed, returned, problem, took: now() - began }
      },
    )
    const { removed, returned, problem, took } = observed.value
    const requests = describeStats(statsByProbe(observed))
    return {
      recovers: await unlessTooSlow(on, observed, {
        holds: removed.exitCode === 0 && returned.exitCode === 0 ? problem === undefined : null,
        evidence: [removed, returned],
        detail: say('{outcome}; used by {services}; {requests}', {
          outcome: problem ?? say('recovered {time} after it was back', { time: inSeconds(took) }),
          services: users.map(({ name: user }) => user).join(', '),
          requests,
        }),
        measured: problem === undefined ? { 'time to recover': [took, 's'] } : {},
      }),
    }
  },
  undo: async (on, session, service) => {
    await on.exec({ command: scaleCommand(namedService(session, service.name), service.replicas) })
  },
}
=======
  recovers: (name) => say('The stack recovers by itself after {name} was away', { name }),
})
>>>>>>> ea78ca49
