import { experiment, type ExperimentContext } from '../../../src/labbook.ts'
import { allWell, COUNTER, roomFor, runningLines, scaleTo, seconds, SPREAD, wantedReplicas } from './support/cluster.ts'
import { swarmNodes } from './support/disturbs.ts'
import { partedWithin, unlessParted } from './support/parted.ts'
import { underWatch, type Watching } from './support/watching.ts'

const DESIRED_REPLICAS = `docker service inspect ${COUNTER} --format '{{.Spec.Mode.Replicated.Replicas}}'`

/** Scales the app up and down under load. */
export const scale = experiment(
  'Scale up and down',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'scale', 'proof'],
    disturbs: swarmNodes('the Counter app is scaled up and down'),
    hypothesis:
      'The replica count is desired state; Swarm starts or stops tasks until it is reached. A stopping replica finishes its requests ' +
      'first, so none fails.',
    proves: {
      'swarm.scale.up': 'Scaling up runs the desired number of replicas',
      'swarm.scale.down': 'Scaling down fails no request',
    },
    start: allWell,
    restore: async (on) => {
      await on.look({ command: scaleTo(wantedReplicas(on)) })
    },
  },
  async (on) => {
    const wanted = wantedReplicas(on)
    const limit = roomFor(on)
    const more = Math.min(wanted + 2, limit)
    const fewer = Math.max(1, Math.min(2, wanted - 1))
    const { value, exhibit, fared } = await underWatch(
      on,
      { title: `Timeline: ${wanted}, ${more}, ${fewer}, ${wanted} replicas` },
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
          ? `${more} instead of ${wanted} replicas ran after ${seconds(up.took)}; ${fared({ to: upAt }).failed} of ${fared({ to: upAt }).sent} requests failed`
          : `cannot scale up: the nodes are limited to ${limit} replicas`,
      measured: { 'time to scale up': [up.took, 's'] },
    })
    const stats = fared({ from: upAt })
    on.finding(
      'swarm.scale.down',
      unlessParted(await partedWithin(on, exhibit, down.reached ? stats.failed : 0), {
        holds: down.reached && stats.failed === 0,
        evidence: [...down.exhibits, ...restored.exhibits, exhibit],
        detail: `${stats.failed} of ${stats.sent} requests failed; ${fewer} replicas ran after ${seconds(down.took)}, ${wanted} again after ${seconds(restored.took)}`,
        measured: { 'time to scale down': [down.took, 's'], 'failed requests': [stats.failed, ''] },
      }),
    )
  },
)

async function change(on: ExperimentContext, replicas: number, { mark, now }: Watching) {
  const began = now()
  const scaled = await on.exhibit({ title: `Scale to ${replicas}`, command: scaleTo(replicas) })
  mark(`scale to ${replicas}`)
  const { reached, exhibit } = await on.watch({
    title: `Replicas until ${replicas} run`,
    // Without a desired-state filter: tasks that are still stopping count as running.
    command: `docker service ps ${COUNTER} --format '{{.Name}} {{.Node}} {{.CurrentState}}'`,
    within: 120,
    until: ({ stdout }) => runningLines(stdout).length === replicas,
  })
  mark(`${replicas} run`)
  const took = now() - began
  const desired = await on.exhibit({
    title: `Desired replicas: ${replicas}`,
    command: `${DESIRED_REPLICAS}; ${SPREAD}`,
  })
  return { reached, took, exhibits: [scaled, exhibit, desired] }
}
