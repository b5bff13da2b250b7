import { durationMultiplierOf } from 'labbook'
import { inSeconds, joinTexts, say } from '../../../messages/say.ts'
import { describeStats, statsByProbe } from '../../../methods/verdicts.ts'
import { observeWorkloads } from '../observe.ts'
import { awaitSteadyState, commandsFor } from '../session.ts'
import { scaleCommand } from './scale.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

/** Seconds for which the dependency is away. */
const AWAY_SECONDS = 8

/** Scales a workload that others use to 0 for a while. */
export const dependency: WorkloadExperiment = {
  kind: 'dependency',
  hypothesis: 'Workloads that use it fail requests meanwhile, and work again once it is back, without help.',
  claims: [
    {
      name: 'recovers',
      statement: ({ name }) => say('The workloads recover by themselves after {name} was away', { name }),
    },
  ],
  async method(on, session, workload) {
    const { at } = commandsFor(on, session.model)
    const { name, replicas } = workload
    const users = session.model.services.filter(({ dependencies }) => dependencies.includes(name))
    const observed = await observeWorkloads(
      on,
      session,
      say('Timeline: {service} is away', { service: name }),
      async ({ mark, now }) => {
        const removed = await on.exhibit({
          ...at,
          title: say('Scale {service} to 0', { service: name }),
          command: scaleCommand(on, session, workload, 0),
        })
        mark(say('{service} scaled to 0', { service: name }))
        await on.pause(AWAY_SECONDS * durationMultiplierOf(on.timeoutMultiplier), `the users of ${name}`)
        const began = now()
        const returned = await on.exhibit({
          ...at,
          title: say('Scale {service} back', { service: name }),
          command: scaleCommand(on, session, workload, replicas),
        })
        mark(say('{service} scaled to {replicas}', { service: name, replicas }))
        const problem = await awaitSteadyState(on, session)
        mark(problem === undefined ? 'recovered' : 'not recovered')
        return { removed, returned, problem, took: now() - began }
      },
    )
    const { removed, returned, problem, took } = observed.value
    return {
      recovers: {
        holds: removed.exitCode === 0 && returned.exitCode === 0 ? problem === undefined : null,
        evidence: [removed, returned, observed.exhibit],
        detail: say('{outcome}; used by {services}; {requests}', {
          outcome: problem ?? say('recovered {time} after it was back', { time: inSeconds(took) }),
          services: joinTexts(users.map(({ name: user }) => user)),
          requests: describeStats(statsByProbe(observed)),
        }),
        measured: problem === undefined ? { 'time to recover': [took, 's'] } : {},
      },
    }
  },
  undo: async (on, session, workload) => {
    const { at } = commandsFor(on, session.model)
    await on.exec({ ...at, command: scaleCommand(on, session, workload, workload.replicas) })
  },
}
