import { tagOf } from '../../app/images/table.ts'
import { labExperiment, type LabSetupContext } from '../../messages/say.ts'
import {
  breakService,
  endOf,
  isCompleted,
  isRolledBack,
  rollBack,
  rollVerdict,
  undoUpdate,
  updateService,
} from '../../methods/updates.ts'
import { noFailedRequest, noLostIncrement, unlessTooSlow } from '../../methods/verdicts.ts'
import { registryAddress } from '../../registry/address.ts'
import { checkSteadyState, COUNTER, COUNTER_SERVICE, waitForReplicas } from './support/cluster.ts'
import { disturbSwarmNodes } from './support/disturbs.ts'
import { observeApp } from './support/observe-app.ts'

const RATE = 40
/** An image that is not the app. */
const BROKEN = '/labbook/hello-world:'
const IMAGE = `docker service inspect ${COUNTER} --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'`

const rollback = (on: LabSetupContext): Promise<void> => undoUpdate(on, COUNTER_SERVICE, BROKEN)

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
    rollback,
  },
  async (on) => {
    const title = 'Timeline: update and rollback under load'
    const observed = await observeApp(on, { title, perSecond: RATE }, async (watching) => {
      const updated = await updateService(on, COUNTER_SERVICE, watching)
      const between = watching.now()
      return { updated, between, rolledBack: await rollBack(on, COUNTER_SERVICE, watching) }
    })
    const { updated, between, rolledBack } = observed.value
    const update = await rollVerdict(
      on,
      observed,
      updated,
      isCompleted(updated),
      noFailedRequest(observed, { to: between }),
    )
    on.finding('swarm.update.no-failed-request', {
      ...update,
      measured: { 'time to update': [updated.took, 's'], ...update.measured },
    })
    const manual = await rollVerdict(
      on,
      observed,
      rolledBack,
      isRolledBack(rolledBack),
      noFailedRequest(observed, { from: between }),
    )
    on.finding('swarm.rollback.no-failed-request', {
      ...manual,
      measured: { 'time to roll back': [rolledBack.took, 's'], ...manual.measured },
    })
    on.finding('swarm.update.no-lost-increment', { ...noLostIncrement(observed), evidence: [observed.exhibit] })
  },
)

/** The image, as the registry or the default variant of Labbook's images names it. */
async function brokenImage(on: LabSetupContext): Promise<string> {
  const { stdout } = await on.exec({
    host: (on.groups.registry ?? on.hosts)[0] as string,
    command: 'docker image ls --format "{{.Repository}}:{{.Tag}}"',
  })
  const prefix = `${registryAddress(on)}${BROKEN}`
  return stdout.split('\n').find((name) => name.startsWith(prefix)) ?? `${prefix}${tagOf('hello-world', 'debian')}`
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
    rollback,
  },
  async (on) => {
    const change = `--with-registry-auth --image ${await brokenImage(on)}`
    const title = 'Timeline: update to a broken image'
    const observed = await observeApp(on, { title, perSecond: RATE }, async (watching) => {
      const before = await on.exhibit({ title: 'Image before the update', command: IMAGE })
      const rolled = await breakService(on, COUNTER_SERVICE, change, watching)
      const replicas = await waitForReplicas(on, 'Replicas after the rollback')
      const after = await on.exhibit({ title: 'Image after the rollback', command: IMAGE })
      return { before, rolled, replicas, after }
    })
    const { before, rolled, replicas, after } = observed.value
    on.finding('swarm.update.rolls-back', {
      holds: isRolledBack(rolled) && replicas.reached && after.stdout === before.stdout,
      evidence: [before, ...rolled.exhibits, replicas.exhibit, after, observed.exhibit],
      detail: endOf(rolled),
      measured: { 'time to roll back': [rolled.took, 's'] },
    })
    on.finding('swarm.update.broken-unnoticed', await unlessTooSlow(on, observed, noFailedRequest(observed)))
  },
)
