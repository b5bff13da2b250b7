import { experiment, onHosts, type CareContext } from '../../../src/labbook.ts'
import { sh } from '../../../src/shell/quote.ts'
import { allWell, COUNTER, runningLines, seconds, wantedReplicas } from './support/cluster.ts'
import { underWatch } from './support/watching.ts'

const TASKS = `docker service ps ${COUNTER} --no-trunc --format 'table {{.ID}}\\t{{.Name}}\\t{{.Node}}\\t{{.DesiredState}}\\t{{.CurrentState}}\\t{{.Error}}'`

/** Stops or continues all processes of a container, from the outside: within it they look as busy as ever. */
const signal = (container: string, name: 'STOP' | 'CONT'): string =>
  sh`docker top ${container} -eo pid | tail -n +2 | xargs kill -s ${name}`

const LIST = `docker ps --filter label=com.docker.swarm.service.name=${COUNTER} --format '{{.ID}} {{.Label "com.docker.swarm.task.id"}} {{.Status}}'`

/** The host whose replica hangs. */
const hangsOn = ({ groups }: Pick<CareContext, 'groups'>): readonly string[] =>
  (groups.swarm_workers ?? groups.swarm ?? []).slice(0, 1)

/** A replica hangs: it has not ended, it just does not answer any more. */
export const health = experiment(
  'A replica hangs',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'health', 'proof'],
    disturbs: (on) => onHosts(hangsOn(on), 'all processes of a replica are stopped (SIGSTOP)'),
    hypothesis:
      'Its health check fails; after as many failures as the stack allows, Swarm ends the container and starts another. Until then, requests that the ' +
      'balancer sends to it wait in vain.',
    proves: { 'swarm.health.replaces': "A container whose health check fails is replaced without anyone's help" },
    start: allWell,
    restore: async (on) => {
      for (const host of on.groups.swarm ?? []) {
        const { stdout } = await on.look({ host, command: LIST })
        for (const line of stdout.split('\n').filter(Boolean))
          await on.look({ host, command: `${signal(line.split(' ')[0] ?? '', 'CONT')} || true` })
      }
    },
  },
  async (on) => {
    const [host = ''] = hangsOn(on)
    const { value, exhibit, fared } = await underWatch(
      on,
      { title: 'Timeline: a replica hangs' },
      async ({ mark, now }) => {
        const test = await on.exhibit({
          title: 'How health is checked',
          command: `docker service inspect ${COUNTER} --format '{{json .Spec.TaskTemplate.ContainerSpec.Healthcheck}}'`,
        })
        const containers = await on.exhibit({ title: `Replicas on ${host}`, host, command: LIST })
        const [container = '', task = ''] = (containers.stdout.split('\n')[0] ?? '').split(' ')
        if (container === '') throw new Error(`no replica runs on ${host} that could hang`)
        const began = now()
        const hung = await on.exhibit({ title: 'A replica hangs', host, command: signal(container, 'STOP') })
        mark(`a replica on ${host} hangs`)
        const unhealthy = await on.watch({
          title: 'Its health check fails',
          host,
          command: LIST,
          within: 120,
          until: ({ stdout }) => !stdout.includes(task) || /unhealthy/.test(stdout),
        })
        mark('unhealthy')
        const seen = now() - began
        const replaced = await on.watch({
          title: 'It is replaced',
          command: TASKS,
          within: 180,
          until: ({ stdout }) => {
            const line = stdout.split('\n').find((each) => each.startsWith(task)) ?? ''
            return (
              !/ Running /.test(line) && runningLines(stdout.replaceAll(/ {2,}/g, ' ')).length >= wantedReplicas(on)
            )
          },
        })
        mark('replaced')
        return { test, containers, hung, unhealthy, seen, replaced, took: now() - began }
      },
    )
    const { test, containers, hung, unhealthy, seen, replaced, took } = value
    const all = fared()
    on.finding('swarm.health.replaces', {
      holds: hung.exitCode === 0 && replaced.reached,
      evidence: [test, containers, hung, unhealthy.exhibit, replaced.exhibit, exhibit],
      detail: `called unhealthy after ${seconds(seen)}, replaced after ${seconds(took)}; meanwhile ${all.failed} of ${all.sent} requests failed, the longest outage was ${seconds(all.outage)}`,
      measured: {
        'time to unhealthy': [seen, 's'],
        'time to replacement': [took, 's'],
        'failed requests': [all.failed, ''],
      },
    })
  },
)
