import { signal } from '../../swarm/experiments/health.ts'
import { say, inSeconds } from '../../messages/say.ts'
import { observeStack } from '../observe.ts'
import { containerIn, fullName, isRunning, serviceTasks } from '../../methods/tasks.ts'
import { healthCandidate } from './health-candidate.ts'
import { replacementTime } from './replacement-time.ts'
import { watchReplacement } from './kill.ts'
import type { ServiceExperiment } from './service-experiment.ts'
import { describeStats, statsByProbe } from '../../methods/verdicts.ts'

/** Stops all processes of a container: it runs, but does not answer. */
export const hang: ServiceExperiment = {
  kind: 'hang',
  hypothesis: 'The health check of a container that hangs fails, and Swarm replaces it.',
  claims: [
    { name: 'replaced', statement: ({ name }) => say('Swarm replaces a container of {name} that hangs', { name }) },
  ],
  async method(on, session, service) {
    const name = fullName(session, service.name)
    const container = await containerIn(on, name)
    const healthcheck = await on.exhibit({
      title: say('Health check of {service}', { service: service.name }),
      host: container.node,
      command: `docker inspect --format '{{json .Config.Healthcheck}}' ${container.id}`,
    })
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
      async ({ mark, now }) => {
        const running = (await serviceTasks(on, name)).filter(isRunning).length
        const began = now()
        const stopped = await on.exhibit({
          title: say('Stop the processes of a container of {service}', { service: service.name }),
          host: container.node,
          command: signal(container.id, 'STOP'),
        })
        mark(say('container of {service} on {node} hangs', { service: service.name, node: container.node }))
        const replaced = await watchReplacement(on, service, name, container.task, running, within)
        mark(replaced.reached ? 'replaced' : 'not replaced')
        // A container that is stopped cannot end: Docker kills it after the grace period.
        const after = now() - began
        if (replaced.reached) return { stopped, replaced, after, candidate: {} }
        await on.exec({ host: container.node, command: signal(container.id, 'CONT') })
        return { stopped, replaced, after, candidate: await healthCandidate(on, service, container) }
      },
    )
    const { stopped, replaced, after, candidate } = observed.value
    const requests = describeStats(statsByProbe(observed))
    return {
      replaced: {
        holds: stopped.exitCode === 0 ? replaced.reached : null,
        evidence: [healthcheck, stopped, replaced.exhibit, observed.exhibit],
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
  undo: async (on, session, service) => {
    for (const host of on.groups.swarm ?? []) {
      const { stdout } = await on.exec({
        host,
        command: `docker ps -q --filter label=com.docker.swarm.service.name=${fullName(session, service.name)}`,
      })
      for (const id of stdout.split('\n').filter(Boolean))
        await on.exec({ host, command: `${signal(id, 'CONT')} || true` })
    }
  },
}
