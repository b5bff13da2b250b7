import { experiment, type CareContext, type ExperimentContext } from '../../../src/labbook.ts'
import { underWatch, type Watching } from '../../swarm/experiments/support/watching.ts'
import { podsCommand } from '../proof.ts'
import { readPods } from '../seen.ts'
import { allWell, cluster, podsElsewhere, seconds, subject, watched } from './support/cluster.ts'
import { progressOf } from './support/progress.ts'

/** The app does not read it: what changes is that every pod has to be made anew. */
const VERSION = 'LABBOOK_RELEASE'
const UNDER_LOAD = 40
/** An image that cannot be had: nobody answers there. */
const BROKEN = 'localhost:1/labbook/no-such-image:1'

const deployment = (on: CareContext): string => {
  const { k, within } = subject(on)
  return k(`get deployment counter ${within} -o json`)
}
const imageCommand = (on: CareContext): string => {
  const { k, within } = subject(on)
  return k(`get deployment counter ${within} -o jsonpath='{.spec.template.spec.containers[0].image}'`)
}

/** Back to what was deployed, from wherever it stands. */
async function asDeployed(on: CareContext): Promise<void> {
  const { at, k, within } = subject(on)
  if ((await on.look({ ...at, command: imageCommand(on) })).stdout.trim() === BROKEN)
    await on.look({ ...at, command: k(`rollout undo deployment/counter ${within}`) })
  await on.look({ ...at, command: k(`set env deployment/counter ${VERSION}- ${within}`) })
  await on.watch({
    ...at,
    title: 'The update is over',
    command: deployment(on),
    within: 240,
    until: ({ stdout }) => progressOf(stdout) === 'complete',
  })
}

/** A new release, and the old one again, while requests come. */
export const rollingUpdate = experiment(
  'Rolling update on Kubernetes under load',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-update', 'proof'],
    disturbs: cluster('the Counter app is updated and rolled back under load'),
    hypothesis:
      'A new pod is ready before an old one is told to end, and the old one goes on serving until all nodes have heard that it does not any more (preStop). So no ' +
      'request fails, whichever way the update goes.',
    proves: {
      'k3s.update.no-failed-request': 'A rolling update replaces every pod and no request fails',
      'k3s.rollback.no-failed-request': 'A rollback by hand brings the release before back, and no request fails',
      'k3s.update.no-lost-increment': 'No acknowledged increment is lost in either',
    },
    start: allWell,
    restore: asDeployed,
  },
  async (on) => {
    const { k, within } = subject(on)
    const options = {
      title: 'Timeline: an update and a rollback on Kubernetes',
      perSecond: UNDER_LOAD,
      cluster: await watched(on),
    }
    const { value, exhibit, increments, fared } = await underWatch(on, options, async (watching) => {
      const update = await roll(
        on,
        'Update',
        k(`set env deployment/counter ${VERSION}=${Date.now()} ${within}`),
        watching,
      )
      const between = watching.now()
      const rollback = await roll(on, 'Rollback', k(`rollout undo deployment/counter ${within}`), watching)
      return { update, between, rollback }
    })
    const { update, between, rollback } = value
    const [first, second] = [fared({ to: between }), fared({ from: between })]
    on.finding('k3s.update.no-failed-request', {
      holds: update.reached && first.failed === 0,
      evidence: [...update.exhibits, exhibit],
      detail: `done after ${seconds(update.took)}; ${first.failed} of ${first.sent} requests at ${UNDER_LOAD}/s failed, 95 of 100 were answered within ${first.p95.toFixed(0)} ms`,
      measured: { 'time to update': [update.took, 's'], 'failed requests': [first.failed, ''] },
    })
    on.finding('k3s.rollback.no-failed-request', {
      holds: rollback.reached && second.failed === 0,
      evidence: [...rollback.exhibits, exhibit],
      detail: `done after ${seconds(rollback.took)}; ${second.failed} of ${second.sent} requests failed`,
      measured: { 'time to roll back': [rollback.took, 's'], 'failed requests': [second.failed, ''] },
    })
    on.finding('k3s.update.no-lost-increment', {
      holds: Number.isNaN(increments.added) ? null : increments.lost === 0,
      evidence: [exhibit],
      detail: `${increments.acknowledged} increments were acknowledged, ${increments.added} were counted`,
    })
  },
)

async function roll(on: ExperimentContext, title: string, command: string, { mark, now }: Watching) {
  const { at, k, within, namespace } = subject(on)
  const old = readPods((await on.look({ ...at, command: podsCommand(k, namespace) })).stdout).map(({ uid }) => uid)
  const began = now()
  const told = await on.exhibit({ ...at, title: `${title} on Kubernetes`, command })
  mark(title.toLowerCase())
  const over = await on.watch({
    ...at,
    title: `${title} on Kubernetes is over`,
    command: deployment(on),
    within: 300,
    until: ({ stdout }) => progressOf(stdout) !== 'going on',
  })
  const replaced = await podsElsewhere(on, `Pods after: ${title.toLowerCase()}`, { not: old })
  mark(`${title.toLowerCase()} over`)
  const took = now() - began
  const history = await on.exhibit({
    ...at,
    title: `History after: ${title.toLowerCase()}`,
    command: k(`rollout history deployment/counter ${within}`),
  })
  return {
    reached: told.exitCode === 0 && progressOf(over.exhibit.stdout) === 'complete' && replaced.reached,
    took,
    exhibits: [told, over.exhibit, replaced.exhibit, history],
  }
}

/** An update to an image that cannot be had. */
export const brokenUpdate = experiment(
  'Update to a broken image on Kubernetes',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-broken-update', 'proof'],
    disturbs: cluster('the Counter app is updated to a broken image under load'),
    hypothesis:
      'The first new pod never gets ready, so no old one is ended, and nobody notices. When progressDeadlineSeconds is over the update is called failed, ' +
      'and stays so: other than Swarm, Kubernetes does not roll back by itself. "rollout undo" does.',
    proves: {
      'k3s.update.broken-unnoticed': 'While an update to a broken image fails and is rolled back, no request fails',
      'k3s.update.broken-is-told': 'An update that does not get on is called failed when its time is over',
      'k3s.update.does-not-roll-back': 'Kubernetes does not roll back by itself',
      'k3s.update.rolled-back': 'Told to roll back, it is as before',
    },
    start: allWell,
    restore: asDeployed,
  },
  async (on) => {
    const { at, k, within, namespace } = subject(on)
    const { value, exhibit, fared } = await underWatch(
      on,
      {
        title: 'Timeline: an update to a broken image on Kubernetes',
        perSecond: UNDER_LOAD,
        cluster: await watched(on),
      },
      async ({ mark, now }) => {
        const before = await on.exhibit({ ...at, title: 'Image before the update', command: imageCommand(on) })
        const began = now()
        const told = await on.exhibit({
          ...at,
          title: 'Update to an image that cannot be had',
          command: k(`set image deployment/counter counter=${BROKEN} ${within}`),
        })
        mark('update to a broken image')
        const failed = await on.watch({
          ...at,
          title: 'The update is called failed',
          command: deployment(on),
          within: 400,
          every: 2,
          until: ({ stdout }) => progressOf(stdout) === 'failed',
        })
        const failedAfter = now() - began
        mark('called failed')
        const pods = await on.exhibit({
          ...at,
          title: 'Pods of the failed update',
          command: k(`get pods ${within} -o wide`),
        })
        const state = await on.exhibit({
          ...at,
          title: 'Pods of the failed update as JSON',
          command: podsCommand(k, namespace),
        })
        const still = await on.exhibit({ ...at, title: 'Image after the failure', command: imageCommand(on) })
        const undoneAt = now()
        const undone = await on.exhibit({
          ...at,
          title: 'Rollback by hand',
          command: k(`rollout undo deployment/counter ${within}`),
        })
        mark('rolled back by hand')
        const over = await on.watch({
          ...at,
          title: 'The rollback by hand is over',
          command: deployment(on),
          within: 240,
          until: ({ stdout }) => progressOf(stdout) === 'complete',
        })
        const undoneAfter = now() - undoneAt
        const after = await on.exhibit({ ...at, title: 'Image after the rollback', command: imageCommand(on) })
        return { before, told, failed, failedAfter, pods, state, still, undone, over, undoneAfter, after }
      },
    )
    const { before, told, failed, failedAfter, pods, state, still, undone, over, undoneAfter, after } = value
    const all = fared()
    const why = readPods(state.stdout)
      .map((pod) => pod.state)
      .find((each) => /Image/.test(each))
    on.finding('k3s.update.broken-unnoticed', {
      holds: told.exitCode === 0 && all.failed === 0,
      evidence: [told, pods, exhibit],
      detail: `${all.failed} of ${all.sent} requests at ${UNDER_LOAD}/s failed`,
      measured: { 'failed requests': [all.failed, ''] },
    })
    on.finding('k3s.update.broken-is-told', {
      holds: failed.reached,
      evidence: [told, failed.exhibit, pods, state],
      detail: `after ${seconds(failedAfter)}${why === undefined ? '' : `; the new pod: ${why}`}`,
      measured: { 'time to failed': [failedAfter, 's'] },
    })
    on.finding('k3s.update.does-not-roll-back', {
      holds: still.exitCode === 0 ? still.stdout.trim() === BROKEN : null,
      evidence: [still, exhibit],
      detail: `it still asks for ${still.stdout.trim()}`,
    })
    on.finding('k3s.update.rolled-back', {
      holds: undone.exitCode === 0 && over.reached && after.stdout === before.stdout,
      evidence: [before, undone, over.exhibit, after],
      detail: `after ${seconds(undoneAfter)}`,
      measured: { 'time to roll back': [undoneAfter, 's'] },
    })
  },
)
