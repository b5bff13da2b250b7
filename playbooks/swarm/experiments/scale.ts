import { labExperiment, type LabContext, say, inSeconds } from '../../messages/say.ts'
import {
  checkSteadyState,
  COUNTER,
  maxReplicas,
  runningReplicas,
  scaleCommand,
  SPREAD,
  desiredReplicas,
} from './support/cluster.ts'
import { disturbSwarmNodes } from './support/disturbs.ts'
import { partitionDuring, inconclusiveIfPartitioned } from '../../methods/partition.ts'
import type { TimelineRecorder } from '../../methods/observe.ts'
import { observeApp } from './support/observe-app.ts'

const DESIRED_REPLICAS = `docker service inspect ${COUNTER} --format '{{.Spec.Mode.Replicated.Replicas}}'`

/** Scales the app up and down under load. */
export const scale = labExperiment(
  'Scale up and down',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'scale', 'proof'],
    disturbs: disturbSwarmNodes('the Counter app is scaled up and down'),
    hypothesis:
      'The replica count is desired state; Swarm starts or stops tasks until it is reached. A stopping replica finishes its requests first, so none fails.',
    assertions: {
      'swarm.scale.up': 'Scaling up runs the desired number of replicas',
      'swarm.scale.down': 'Scaling down fails no request',
    },
    steadyState: checkSteadyState,
    rollback: async (on) => {
      await on.exec({ command: scaleCommand(desiredReplicas(on)) })
    },
  },
  async (on) => {
    const wanted = desiredReplicas(on)
    const limit = maxReplicas(on)
    const more = Math.min(wanted + 2, limit)
    const fewer = Math.max(1, Math.min(2, wanted - 1))
    const { value, exhibit, requestStats } = await observeApp(
      on,
      { title: say('Timeline: {wanted}, {more}, {fewer}, {wanted} replicas', { wanted, more, fewer }) },
      async (watching) => {
        const up = await change(on, more, watching)
        const upAt = watching.now()
        const down = await change(on, fewer, watching)
        const restored = await change(on, wanted, watching)
        return { up, upAt, down, restored }
      },
    )
    const { up, upAt, down, restored } = value
    on.finding('swarm.scale.up', {
      holds: more > wanted ? up.reached : null,
      evidence: [...up.exhibits, exhibit],
      detail:
        more > wanted
          ? say('{more} instead of {wanted} replicas ran after {took}; {failed} of {sent} requests failed', {
              more,
              wanted,
              took: inSeconds(up.took),
              failed: requestStats({ to: upAt }).failed,
              sent: requestStats({ to: upAt }).sent,
            })
          : say('cannot scale up: the nodes are limited to {limit} replicas', { limit }),
      measured: { 'time to scale up': [up.took, 's'] },
    })
    const stats = requestStats({ from: upAt })
    on.finding(
      'swarm.scale.down',
      inconclusiveIfPartitioned(await partitionDuring(on, exhibit, down.reached ? stats.failed : 0), {
        holds: down.reached && stats.failed === 0,
        evidence: [...down.exhibits, ...restored.exhibits, exhibit],
        detail: say(
          '{failed} of {sent} requests failed; {fewer} replicas ran after {took}, {wanted} again after {took2}',
          {
            failed: stats.failed,
            sent: stats.sent,
            fewer,
            took: inSeconds(down.took),
            wanted,
            took2: inSeconds(restored.took),
          },
        ),
        measured: { 'time to scale down': [down.took, 's'], 'failed requests': [stats.failed, ''] },
      }),
    )
  },
)

async function change(on: LabContext, replicas: number, { mark, now }: TimelineRecorder) {
  const began = now()
  const scaled = await on.exhibit({ title: say('Scale to {replicas}', { replicas }), command: scaleCommand(replicas) })
  mark(say('scale to {replicas}', { replicas }))
  const { reached, exhibit } = await on.watch({
    title: say('Replicas until {replicas} run', { replicas }),
    // Without a desired-state filter: tasks that are still stopping count as running.
    command: `docker service ps ${COUNTER} --format '{{.Name}} {{.Node}} {{.CurrentState}}'`,
    within: 120,
    until: ({ stdout }) => runningReplicas(stdout).length === replicas,
  })
  mark(say('{replicas} run', { replicas }))
  const took = now() - began
  const desired = await on.exhibit({
    title: say('Desired replicas: {replicas}', { replicas }),
    command: `${DESIRED_REPLICAS}; ${SPREAD}`,
  })
  return { reached, took, exhibits: [scaled, exhibit, desired] }
}
