import { disturbAll } from 'labbook'
import { labExperiment, say, inSeconds, type LabSetupContext } from '../../messages/say.ts'
import { continueService, hangContainer, recordHealthcheck } from '../../methods/replacement.ts'
import { replacementTime } from '../../methods/replacement-time.ts'
import { containerIn } from '../../methods/tasks.ts'
import { checkSteadyState, COUNTER, COUNTER_SERVICE, rebalanceTo } from './support/cluster.ts'
import { observeApp } from './support/observe-app.ts'

/** The host whose replica is stopped. */
const hostOfReplica = ({ groups }: Pick<LabSetupContext, 'groups'>): readonly string[] =>
  (groups.swarm_workers ?? groups.swarm ?? []).slice(0, 1)

/** Seconds until a replica without a health check must be unhealthy. */
const UNHEALTHY_SECONDS = 120

/** Stops a replica with SIGSTOP: its container runs, but it does not answer. */
export const health = labExperiment(
  'Stop a replica with SIGSTOP',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'health', 'proof'],
    disturbs: (on) => disturbAll(hostOfReplica(on), 'all processes of a replica are stopped (SIGSTOP)'),
    hypothesis:
      'The health check fails; after the configured number of retries Swarm kills the container and starts another. Until then, requests that the load balancer sends to it time out.',
    assertions: { 'swarm.health.replaces': 'Swarm replaces a container whose health check fails' },
    steadyState: checkSteadyState,
    rollback: (on) => continueService(on, COUNTER_SERVICE),
  },
  async (on) => {
    const [host = ''] = hostOfReplica(on)
    // Earlier experiments may have left the host without a replica.
    await rebalanceTo(on, host)
    const container = await containerIn(on, COUNTER, [host])
    const healthcheck = await recordHealthcheck(on, COUNTER_SERVICE.service, container)
    const within = replacementTime(healthcheck.stdout.trim()) ?? UNHEALTHY_SECONDS
    const { value, exhibit, requestStats } = await observeApp(
      on,
      { title: 'Timeline: replica stopped with SIGSTOP' },
      (watching) => hangContainer(on, COUNTER_SERVICE, container, within, watching),
    )
    const { stopped, unhealthy, unhealthyAfter, replaced, replacedAfter } = value
    const all = requestStats()
    on.finding('swarm.health.replaces', {
      holds: stopped.exitCode === 0 && replaced.reached,
      evidence: [healthcheck, stopped, unhealthy.exhibit, replaced.exhibit, exhibit],
      detail: say(
        'replaced after {replacedAfter}, unhealthy after {unhealthyAfter}; {failed} of {sent} requests failed, longest outage {outage}',
        {
          replacedAfter: inSeconds(replacedAfter),
          unhealthyAfter: inSeconds(unhealthyAfter),
          failed: all.failed,
          sent: all.sent,
          outage: inSeconds(all.outage),
        },
      ),
      measured: {
        'time to unhealthy': [unhealthyAfter, 's'],
        'time to replacement': [replacedAfter, 's'],
        'failed requests': [all.failed, ''],
      },
    })
  },
)
