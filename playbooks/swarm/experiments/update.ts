import { labExperiment, type LabContext, say, inSeconds } from '../../messages/say.ts'
import { registryAddress } from '../../registry/address.ts'
import { tagOf } from '../../app/images/table.ts'
import { checkSteadyState, COUNTER, isUpdateOver, waitForReplicas, UPDATE_STATE } from './support/cluster.ts'
import { disturbSwarmNodes } from './support/disturbs.ts'
import { partitionDuring, inconclusiveIfPartitioned } from '../../methods/partition.ts'
import type { TimelineRecorder } from '../../methods/observe.ts'
import { observeApp } from './support/observe-app.ts'
import { noLostIncrement } from '../../methods/verdicts.ts'

/** The app does not read it; changing it recreates every task. */
const VERSION = 'LABBOOK_RELEASE'
const RATE = 40
const IMAGE = `docker service inspect ${COUNTER} --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'`
const ENVIRONMENT = `docker service inspect ${COUNTER} --format '{{range .Spec.TaskTemplate.ContainerSpec.Env}}{{println .}}{{end}}'`
const TASKS = `docker service ps ${COUNTER} --format 'table {{.Name}}\\t{{.Image}}\\t{{.Node}}\\t{{.DesiredState}}\\t{{.CurrentState}}\\t{{.Error}}'`

/** Updates the app and rolls it back under load. */
export const rollingUpdate = labExperiment(
  'Update and roll back under load',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'update', 'proof'],
    disturbs: disturbSwarmNodes('the Counter app is updated and rolled back under load'),
    hypothesis:
      'With start-first, a new replica is healthy before an old one stops, and the old one finishes its requests first. So no request fails, in an update or a rollback.',
    assertions: {
      'swarm.update.no-failed-request': 'Rolling update fails no request',
      'swarm.rollback.no-failed-request': 'Manual rollback fails no request',
      'swarm.update.no-lost-increment': 'Update and rollback lose no acknowledged increment',
    },
    steadyState: checkSteadyState,
    rollback: async (on) => {
      const { stdout } = await on.exec({ command: ENVIRONMENT })
      if (stdout.includes(`${VERSION}=`))
        await on.exec({ command: `docker service update --detach --quiet --env-rm ${VERSION} ${COUNTER}` })
      await on.watch({
        title: 'Update status',
        command: UPDATE_STATE,
        within: 240,
        until: ({ stdout: state }) => isUpdateOver(state) || state.startsWith('none'),
      })
    },
  },
  async (on) => {
    const options = { title: 'Timeline: update and rollback under load', perSecond: RATE } as const
    const observed = await observeApp(on, options, async (watching) => {
      const update = await roll(
        on,
        'update',
        `docker service update --detach --quiet --env-add ${VERSION}=${Date.now()} ${COUNTER}`,
        'completed',
        watching,
      )
      const between = watching.now()
      const rollback = await roll(
        on,
        'rollback',
        `docker service rollback --detach --quiet ${COUNTER}`,
        'rollback_completed',
        watching,
      )
      return { update, between, rollback }
    })
    const { value, exhibit, perSecond, requestStats } = observed
    const { update, between, rollback } = value
    const [first, second] = [requestStats({ to: between }), requestStats({ from: between })]
    const partition = await partitionDuring(on, exhibit, first.failed + second.failed)
    on.finding(
      'swarm.update.no-failed-request',
      inconclusiveIfPartitioned(update.reached ? partition : undefined, {
        holds: update.reached && first.failed === 0,
        evidence: [...update.exhibits, exhibit],
        detail: say('{failed} of {sent} requests failed at {perSecond}/s, p95 {p95} ms; update {update} {took}', {
          failed: first.failed,
          sent: first.sent,
          perSecond,
          p95: first.p95.toFixed(0),
          update: update.reached ? say('took') : say('did not complete within'),
          took: inSeconds(update.took),
        }),
        measured: { 'time to update': [update.took, 's'], 'failed requests': [first.failed, ''] },
      }),
    )
    on.finding(
      'swarm.rollback.no-failed-request',
      inconclusiveIfPartitioned(rollback.reached ? partition : undefined, {
        holds: rollback.reached && second.failed === 0,
        evidence: [...rollback.exhibits, exhibit],
        detail: say('{failed} of {sent} requests failed; rollback {rollback} {took}', {
          failed: second.failed,
          sent: second.sent,
          rollback: rollback.reached ? say('took') : say('did not complete within'),
          took: inSeconds(rollback.took),
        }),
        measured: { 'time to roll back': [rollback.took, 's'], 'failed requests': [second.failed, ''] },
      }),
    )
    on.finding('swarm.update.no-lost-increment', { ...noLostIncrement(observed), evidence: [exhibit] })
  },
)

/** Texts of an update and of a rollback. */
const ROLLS = {
  update: {
    title: 'Update',
    started: 'update',
    status: 'Update status',
    completed: 'update completed',
    tasks: 'Tasks after update',
  },
  rollback: {
    title: 'Rollback',
    started: 'rollback',
    status: 'Rollback status',
    completed: 'rollback completed',
    tasks: 'Tasks after rollback',
  },
} as const

/** Runs detached and polls: a command that waits would block the connection for all other commands. */
async function roll(
  on: LabContext,
  kind: keyof typeof ROLLS,
  command: string,
  until: string,
  { mark, now }: TimelineRecorder,
) {
  const began = now()
  const texts = ROLLS[kind]
  const started = await on.exhibit({ title: texts.title, command })
  mark(texts.started)
  const { reached, exhibit } = await on.watch({
    title: texts.status,
    command: UPDATE_STATE,
    within: 300,
    until: ({ stdout }) => isUpdateOver(stdout),
  })
  mark(texts.completed)
  const took = now() - began
  const tasks = await on.exhibit({ title: texts.tasks, command: TASKS })
  return {
    reached: started.exitCode === 0 && reached && exhibit.stdout.startsWith(until),
    took,
    exhibits: [started, exhibit, tasks],
  }
}

/** Updates the app to an image that is not the app. */
export const brokenUpdate = labExperiment(
  'Update to a broken image',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'broken-update', 'proof'],
    disturbs: disturbSwarmNodes('the Counter app is updated to a broken image under load'),
    hypothesis:
      'The first new replica fails within the monitor period; Swarm stops the update and rolls back automatically. The old replicas keep running, so no request fails.',
    assertions: {
      'swarm.update.rolls-back': 'Swarm rolls back an update to a broken image automatically',
      'swarm.update.broken-unnoticed': 'Failed update and automatic rollback fail no request',
    },
    steadyState: checkSteadyState,
    rollback: async (on) => {
      const { stdout } = await on.exec({ command: IMAGE })
      if (stdout.includes('/hello-world'))
        await on.exec({ command: `docker service rollback --detach --quiet ${COUNTER}` })
      await on.watch({
        title: 'Rollback status',
        command: UPDATE_STATE,
        within: 240,
        until: ({ stdout: state }) => isUpdateOver(state),
      })
    },
  },
  async (on) => {
    const source = (
      await on.exec({
        host: (on.groups.registry ?? on.hosts)[0] as string,
        command: 'docker image ls --format "{{.Repository}}:{{.Tag}}"',
      })
    ).stdout
    const broken =
      source.split('\n').find((name) => name.startsWith(`${registryAddress(on)}/labbook/hello-world:`)) ??
      `${registryAddress(on)}/labbook/hello-world:${tagOf('hello-world', 'debian')}`
    const { value, exhibit, perSecond, requestStats } = await observeApp(
      on,
      { title: 'Timeline: update to a broken image', perSecond: RATE },
      async ({ mark, now }) => {
        const before = await on.exhibit({ title: 'Image before the update', command: IMAGE })
        const began = now()
        const started = await on.exhibit({
          title: 'Update to the broken image',
          command: `docker service update --detach --quiet --with-registry-auth --image ${broken} ${COUNTER}`,
        })
        mark('update to a broken image')
        const finished = await on.watch({
          title: 'Status of the broken update',
          command: UPDATE_STATE,
          within: 240,
          until: ({ stdout }) => isUpdateOver(stdout),
        })
        mark('rolled back')
        const rollbackSeconds = now() - began
        const replicas = await waitForReplicas(on, 'Replicas after the rollback')
        const after = await on.exhibit({ title: 'Image after the rollback', command: IMAGE })
        const tasks = await on.exhibit({ title: 'Tasks after the rollback', command: TASKS })
        return { before, started, finished, rollbackSeconds, replicas, after, tasks }
      },
    )
    const { before, started, finished, rollbackSeconds, replicas, after, tasks } = value
    on.finding('swarm.update.rolls-back', {
      holds:
        started.exitCode === 0 &&
        finished.exhibit.stdout.startsWith('rollback_completed') &&
        replicas.reached &&
        after.stdout === before.stdout,
      evidence: [before, started, finished.exhibit, replicas.exhibit, after, tasks, exhibit],
      detail: say('{exhibit}; update status settled after {rollbackSeconds}', {
        exhibit: finished.exhibit.stdout.trim(),
        rollbackSeconds: inSeconds(rollbackSeconds),
      }),
      measured: { 'time to roll back': [rollbackSeconds, 's'] },
    })
    const all = requestStats()
    on.finding(
      'swarm.update.broken-unnoticed',
      inconclusiveIfPartitioned(await partitionDuring(on, exhibit, all.failed), {
        holds: all.failed === 0,
        evidence: [exhibit],
        detail: say('{failed} of {sent} requests failed at {perSecond}/s', {
          failed: all.failed,
          sent: all.sent,
          perSecond,
        }),
        measured: { 'failed requests': [all.failed, ''] },
      }),
    )
  },
)
