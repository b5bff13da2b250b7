import { experiment, type ExperimentContext } from '../../../src/labbook.ts'
import { allWell, COUNTER, roomFor, runningLines, scaleTo, seconds, SPREAD, wantedReplicas } from './support/cluster.ts'
import { swarmNodes } from './support/disturbs.ts'
import { partedWithin, unlessParted } from './support/parted.ts'
import { underWatch, type Watching } from './support/watching.ts'

const ASKED = `docker service inspect ${COUNTER} --format '{{.Spec.Mode.Replicated.Replicas}}'`

/** More replicas, and fewer, while requests come. */
export const scale = experiment(
  'Scale up and down',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'scale', 'proof'],
    disturbs: swarmNodes('the Counter app is scaled up and down'),
    hypothesis:
      'The number of replicas is a number in the service; Swarm starts or stops tasks until it is true. A stopping replica ends its requests ' +
      'first, so none fails.',
    proves: {
      'swarm.scale.up': 'Told to run more replicas, Swarm runs them',
      'swarm.scale.down': 'Told to run fewer, Swarm stops the others, and no request fails',
    },
    start: allWell,
    restore: async (on) => {
      await on.look({ command: scaleTo(wantedReplicas(on)) })
    },
  },
  async (on) => {
    const wanted = wantedReplicas(on)
    const room = roomFor(on)
    const more = Math.min(wanted + 2, room)
    const fewer = Math.max(1, Math.min(2, wanted - 1))
    const { value, exhibit, fared } = await underWatch(
      on,
      { title: `Timeline: ${wanted}, ${more}, ${fewer}, ${wanted} replicas` },
      async (watching) => {
        const up = await change(on, more, watching)
        const upAt = watching.now()
        const down = await change(on, fewer, watching)
        const back = await change(on, wanted, watching)
        return { up, upAt, down, back }
      },
    )
    const { up, upAt, down, back } = value
    on.finding('swarm.scale.up', {
      holds: more > wanted ? up.reached : null,
      evidence: [...up.exhibits, exhibit],
      detail:
        more > wanted
          ? `${more} instead of ${wanted} ran after ${seconds(up.took)}; ${fared({ to: upAt }).failed} of ${fared({ to: upAt }).sent} requests failed`
          : `${room} replicas are all that the nodes may have`,
      measured: { 'time to scale up': [up.took, 's'] },
    })
    const through = fared({ from: upAt })
    on.finding(
      'swarm.scale.down',
      unlessParted(await partedWithin(on, exhibit, down.reached ? through.failed : 0), {
        holds: down.reached && through.failed === 0,
        evidence: [...down.exhibits, ...back.exhibits, exhibit],
        detail: `${fewer} ran after ${seconds(down.took)}, ${wanted} again after ${seconds(back.took)}; ${through.failed} of ${through.sent} requests failed`,
        measured: { 'time to scale down': [down.took, 's'], 'failed requests': [through.failed, ''] },
      }),
    )
  },
)

async function change(on: ExperimentContext, replicas: number, { mark, now }: Watching) {
  const began = now()
  const told = await on.exhibit({ title: `Scale to ${replicas}`, command: scaleTo(replicas) })
  mark(`told to run ${replicas}`)
  const { reached, exhibit } = await on.watch({
    title: `${replicas} replicas run`,
    // Those that are to stop, and have not yet, are running as well.
    command: `docker service ps ${COUNTER} --format '{{.Name}} {{.Node}} {{.CurrentState}}'`,
    within: 120,
    until: ({ stdout }) => runningLines(stdout).length === replicas,
  })
  mark(`${replicas} run`)
  const took = now() - began
  const asked = await on.exhibit({ title: `Replicas asked for: ${replicas}`, command: `${ASKED}; ${SPREAD}` })
  return { reached, took, exhibits: [told, exhibit, asked] }
}
