import { say, inSeconds } from '../../messages/say.ts'
import { continueContainer, continueService, hangContainer, recordHealthcheck } from '../../methods/replacement.ts'
import { replacementTime } from '../../methods/replacement-time.ts'
import { containerIn, namedService } from '../../methods/tasks.ts'
import { describeStats, statsByProbe } from '../../methods/verdicts.ts'
import { observeStack } from '../observe.ts'
import { healthCandidate } from './health-candidate.ts'
import type { StackExperiment } from './service-experiment.ts'

/** Stops all processes of a container: it runs, but does not answer. */
export const hang: StackExperiment = {
  kind: 'hang',
  hypothesis: 'The health check of a container that hangs fails, and Swarm replaces it.',
  claims: [
    { name: 'replaced', statement: ({ name }) => say('Swarm replaces a container of {name} that hangs', { name }) },
  ],
  async method(on, session, service) {
    const named = namedService(session, service.name)
    const container = await containerIn(on, named.fullName)
    const healthcheck = await recordHealthcheck(on, service.name, container)
    const within = replacementTime(healthcheck.stdout.trim())
    if (within === undefined)
      return {
        replaced: {
          holds: false,
          evidence: [healthcheck],
          detail: say('no health check: Swarm cannot notice that a container hangs'),
          facts: { healthcheck: 'none', ...(await healthCandidate(on, service, container)) },
        },
      }
    const observed = await observeStack(
      on,
      session,
      say('Timeline: a container of {service} hangs', { service: service.name }),
      async (watching) => {
        const hung = await hangContainer(on, named, container, within, watching)
        if (hung.replaced.reached) return { ...hung, candidate: {} }
        await continueContainer(on, container.node, container.id)
        return { ...hung, candidate: await healthCandidate(on, service, container) }
      },
    )
    const { stopped, unhealthy, replaced, replacedAfter: after, candidate } = observed.value
    const requests = describeStats(statsByProbe(observed))
    return {
      replaced: {
        holds: stopped.exitCode === 0 ? replaced.reached : null,
        evidence: [healthcheck, stopped, unhealthy.exhibit, replaced.exhibit, observed.exhibit],
        detail: replaced.reached
          ? say('replaced after {time}; {requests}', { time: inSeconds(after), requests })
          : say('still running after {time}: the health check succeeds while the processes are stopped; {requests}', {
              time: inSeconds(after),
              requests,
            }),
        measured: replaced.reached ? { 'time to replacement': [after, 's'] } : {},
        facts: { healthcheck: 'ineffective', ...candidate },
      },
    }
  },
  undo: (on, session, service) => continueService(on, namedService(session, service.name)),
}
