import { disturbAll, sh, MessageError } from 'labbook'
import { labExperiment, say, inSeconds, type LabSetupContext } from '../../messages/say.ts'
import { checkSteadyState, COUNTER, runningReplicas, desiredReplicas, rebalanceTo } from './support/cluster.ts'
import { observeApp } from './support/observe-app.ts'

const TASKS = `docker service ps ${COUNTER} --no-trunc --format 'table {{.ID}}\\t{{.Name}}\\t{{.Node}}\\t{{.DesiredState}}\\t{{.CurrentState}}\\t{{.Error}}'`

/**
 * Stops or continues all processes of a container from the host. A health check may end between the list and the
 * signal.
 */
export const signal = (container: string, name: 'STOP' | 'CONT'): string =>
  sh`pids=$(docker top ${container} -eo pid) || exit; for pid in \${pids#PID}; do kill -s ${name} "$pid" || [ ! -d "/proc/$pid" ] || exit; done`

const LIST = `docker ps --filter label=com.docker.swarm.service.name=${COUNTER} --format '{{.ID}} {{.Label "com.docker.swarm.task.id"}} {{.Status}}'`

/** The host whose replica is stopped. */
const hostOfReplica = ({ groups }: Pick<LabSetupContext, 'groups'>): readonly string[] =>
  (groups.swarm_workers ?? groups.swarm ?? []).slice(0, 1)

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
    rollback: async (on) => {
      for (const host of on.groups.swarm ?? []) {
        const { stdout } = await on.exec({ host, command: LIST })
        for (const line of stdout.split('\n').filter(Boolean))
          await on.exec({ host, command: `${signal(line.split(' ')[0] ?? '', 'CONT')} || true` })
      }
    },
  },
  async (on) => {
    const [host = ''] = hostOfReplica(on)
    // Earlier experiments may have left the host without a replica.
    await rebalanceTo(on, host)
    const { value, exhibit, requestStats } = await observeApp(
      on,
      { title: 'Timeline: replica stopped with SIGSTOP' },
      async ({ mark, now }) => {
        const healthcheck = await on.exhibit({
          title: 'Health check of the service',
          command: `docker service inspect ${COUNTER} --format '{{json .Spec.TaskTemplate.ContainerSpec.Healthcheck}}'`,
        })
        const containers = await on.exhibit({ title: say('Replicas on {node}', { node: host }), host, command: LIST })
        const [container = '', task = ''] = (containers.stdout.split('\n')[0] ?? '').split(' ')
        if (container === '') throw new MessageError(say('no replica runs on {host}', { host }))
        const began = now()
        const stopped = await on.exhibit({ title: 'Stop a replica', host, command: signal(container, 'STOP') })
        mark(say('replica on {host} stopped', { host }))
        const unhealthy = await on.watch({
          title: 'Health status of the stopped replica',
          host,
          command: LIST,
          within: 120,
          until: ({ stdout }) => !stdout.includes(task) || /unhealthy/.test(stdout),
        })
        mark('unhealthy')
        const unhealthyAfter = now() - began
        const replaced = await on.watch({
          title: 'Replacement of the stopped replica',
          command: TASKS,
          within: 180,
          until: ({ stdout }) => {
            const line = stdout.split('\n').find((each) => each.startsWith(task)) ?? ''
            return (
              !/ Running /.test(line) && runningReplicas(stdout.replaceAll(/ {2,}/g, ' ')).length >= desiredReplicas(on)
            )
          },
        })
        mark('replaced')
        return { healthcheck, containers, stopped, unhealthy, unhealthyAfter, replaced, replacedAfter: now() - began }
      },
    )
    const { healthcheck, containers, stopped, unhealthy, unhealthyAfter, replaced, replacedAfter } = value
    const all = requestStats()
    on.finding('swarm.health.replaces', {
      holds: stopped.exitCode === 0 && replaced.reached,
      evidence: [healthcheck, containers, stopped, unhealthy.exhibit, replaced.exhibit, exhibit],
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
