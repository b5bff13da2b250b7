import { experiment, type ExperimentContext } from '../../../src/labbook.ts'
import { registryAddress } from '../../registry/address.ts'
import { tagOf } from '../../images/table.ts'
import { allWell, COUNTER, replicasElsewhere, seconds, UPDATE_STATE } from './support/cluster.ts'
import { swarmNodes } from './support/disturbs.ts'
import { partedWithin, unlessParted } from './support/parted.ts'
import { underWatch, type Watching } from './support/watching.ts'

/** The app does not read it: what changes is that every task has to be made anew. */
const VERSION = 'LABBOOK_RELEASE'
const UNDER_LOAD = 40
const IMAGE = `docker service inspect ${COUNTER} --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'`
const ENVIRONMENT = `docker service inspect ${COUNTER} --format '{{range .Spec.TaskTemplate.ContainerSpec.Env}}{{println .}}{{end}}'`
const TASKS = `docker service ps ${COUNTER} --format 'table {{.Name}}\\t{{.Image}}\\t{{.Node}}\\t{{.DesiredState}}\\t{{.CurrentState}}\\t{{.Error}}'`

const isOver = (stdout: string): boolean => /^(completed|rollback_completed|paused|rollback_paused)/.test(stdout)

/** A new release, and the old one again, while requests come. */
export const rollingUpdate = experiment(
  'Rolling update under load',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'update', 'proof'],
    disturbs: swarmNodes('the Counter app is updated and rolled back under load'),
    hypothesis:
      'With start-first, a new replica is healthy before an old one is stopped, and the old one ends its requests before it goes. So no ' +
      'request fails, whichever way the update goes.',
    proves: {
      'swarm.update.no-failed-request': 'A rolling update replaces every replica and no request fails',
      'swarm.rollback.no-failed-request': 'A rollback by hand brings the release before back, and no request fails',
      'swarm.update.no-lost-increment': 'No acknowledged increment is lost in either',
    },
    start: allWell,
    restore: async (on) => {
      const { stdout } = await on.look({ command: ENVIRONMENT })
      if (stdout.includes(`${VERSION}=`))
        await on.look({ command: `docker service update --detach --quiet --env-rm ${VERSION} ${COUNTER}` })
      await on.watch({
        title: 'The update is over',
        command: UPDATE_STATE,
        within: 240,
        until: ({ stdout: state }) => isOver(state) || state.startsWith('none'),
      })
    },
  },
  async (on) => {
    const watched = { title: 'Timeline: an update and a rollback under load', perSecond: UNDER_LOAD }
    const { value, exhibit, perSecond, increments, fared } = await underWatch(on, watched, async (watching) => {
      const update = await roll(
        on,
        'Update',
        `docker service update --detach --quiet --env-add ${VERSION}=${Date.now()} ${COUNTER}`,
        'completed',
        watching,
      )
      const between = watching.now()
      const rollback = await roll(
        on,
        'Rollback',
        `docker service rollback --detach --quiet ${COUNTER}`,
        'rollback_completed',
        watching,
      )
      return { update, between, rollback }
    })
    const { update, between, rollback } = value
    const [first, second] = [fared({ to: between }), fared({ from: between })]
    const parted = await partedWithin(on, exhibit, first.failed + second.failed)
    on.finding(
      'swarm.update.no-failed-request',
      unlessParted(update.reached ? parted : undefined, {
        holds: update.reached && first.failed === 0,
        evidence: [...update.exhibits, exhibit],
        detail: `done after ${seconds(update.took)}; ${first.failed} of ${first.sent} requests at ${perSecond}/s failed, 95 of 100 were answered within ${first.p95.toFixed(0)} ms`,
        measured: { 'time to update': [update.took, 's'], 'failed requests': [first.failed, ''] },
      }),
    )
    on.finding(
      'swarm.rollback.no-failed-request',
      unlessParted(rollback.reached ? parted : undefined, {
        holds: rollback.reached && second.failed === 0,
        evidence: [...rollback.exhibits, exhibit],
        detail: `done after ${seconds(rollback.took)}; ${second.failed} of ${second.sent} requests failed`,
        measured: { 'time to roll back': [rollback.took, 's'], 'failed requests': [second.failed, ''] },
      }),
    )
    on.finding('swarm.update.no-lost-increment', {
      holds: increments.lost === 0,
      evidence: [exhibit],
      detail: `${increments.acknowledged} increments were acknowledged, ${increments.added} were counted`,
    })
  },
)

/** Told, and waited for in short looks: a command that waits itself would keep all else on this line waiting. */
async function roll(on: ExperimentContext, title: string, command: string, until: string, { mark, now }: Watching) {
  const began = now()
  const told = await on.exhibit({ title, command })
  mark(title.toLowerCase())
  const { reached, exhibit } = await on.watch({
    title: `${title} is over`,
    command: UPDATE_STATE,
    within: 300,
    until: ({ stdout }) => isOver(stdout),
  })
  mark(`${title.toLowerCase()} over`)
  const took = now() - began
  const tasks = await on.exhibit({ title: `Tasks after: ${title.toLowerCase()}`, command: TASKS })
  return {
    reached: told.exitCode === 0 && reached && exhibit.stdout.startsWith(until),
    took,
    exhibits: [told, exhibit, tasks],
  }
}

/** An update to an image that is not the app at all. */
export const brokenUpdate = experiment(
  'Update to a broken image',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'broken-update', 'proof'],
    disturbs: swarmNodes('the Counter app is updated to a broken image under load'),
    hypothesis:
      'The first new replica fails; Swarm sees it within the time it monitors, stops the update and rolls back by itself. The old replicas ' +
      'are never stopped, so nobody notices.',
    proves: {
      'swarm.update.rolls-back': 'An update to an image that does not run is rolled back by itself',
      'swarm.update.broken-unnoticed': 'While it fails and is rolled back, no request fails',
    },
    start: allWell,
    restore: async (on) => {
      const { stdout } = await on.look({ command: IMAGE })
      if (stdout.includes('/hello-world'))
        await on.look({ command: `docker service rollback --detach --quiet ${COUNTER}` })
      await on.watch({
        title: 'The rollback is over',
        command: UPDATE_STATE,
        within: 240,
        until: ({ stdout: state }) => isOver(state),
      })
    },
  },
  async (on) => {
    const source = (
      await on.look({
        host: (on.groups.registry ?? on.hosts)[0] as string,
        command: 'docker image ls --format "{{.Repository}}:{{.Tag}}"',
      })
    ).stdout
    const broken =
      source.split('\n').find((name) => name.startsWith(`${registryAddress(on)}/labbook/hello-world:`)) ??
      `${registryAddress(on)}/labbook/hello-world:${tagOf('hello-world', 'debian')}`
    const { value, exhibit, perSecond, fared } = await underWatch(
      on,
      { title: 'Timeline: an update to a broken image', perSecond: UNDER_LOAD },
      async ({ mark, now }) => {
        const before = await on.exhibit({ title: 'Image before', command: IMAGE })
        const began = now()
        const told = await on.exhibit({
          title: 'Update to the broken image',
          command: `docker service update --detach --quiet --with-registry-auth --image ${broken} ${COUNTER}`,
        })
        mark('update to a broken image')
        const over = await on.watch({
          title: 'The update is rolled back',
          command: UPDATE_STATE,
          within: 240,
          until: ({ stdout }) => isOver(stdout),
        })
        mark('rolled back')
        const took = now() - began
        const replicas = await replicasElsewhere(on, 'Replicas after the rollback')
        const after = await on.exhibit({ title: 'Image after', command: IMAGE })
        const tasks = await on.exhibit({ title: 'Tasks after the rollback', command: TASKS })
        return { before, told, over, took, replicas, after, tasks }
      },
    )
    const { before, told, over, took, replicas, after, tasks } = value
    on.finding('swarm.update.rolls-back', {
      holds:
        told.exitCode === 0 &&
        over.exhibit.stdout.startsWith('rollback_completed') &&
        replicas.reached &&
        after.stdout === before.stdout,
      evidence: [before, told, over.exhibit, replicas.exhibit, after, tasks, exhibit],
      detail: `${over.exhibit.stdout.trim()}, after ${seconds(took)}`,
      measured: { 'time to roll back': [took, 's'] },
    })
    const all = fared()
    on.finding(
      'swarm.update.broken-unnoticed',
      unlessParted(await partedWithin(on, exhibit, all.failed), {
        holds: all.failed === 0,
        evidence: [exhibit],
        detail: `${all.failed} of ${all.sent} requests at ${perSecond}/s failed`,
        measured: { 'failed requests': [all.failed, ''] },
      }),
    )
  },
)
