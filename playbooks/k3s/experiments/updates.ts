import { labExperiment, type LabContext, say, inSeconds, type LabSetupContext } from '../../messages/say.ts'
import { observeDuring, type TimelineRecorder } from '../../methods/observe.ts'
import { podsCommand } from '../proof.ts'
import { parsePods } from '../objects.ts'
import { assertSteadyState, disturbsCluster, waitForPods, appOnCluster, watchedCluster } from './support/cluster.ts'
import { rolloutProgress } from './support/progress.ts'
import { noLostIncrement } from '../../methods/verdicts.ts'

/** The app ignores this variable: a change only triggers a rollout. */
const VERSION = 'LABBOOK_RELEASE'
const UNDER_LOAD = 40
/** An image that cannot be pulled: nothing listens there. */
const BROKEN = 'localhost:1/labbook/no-such-image:1'

const deployment = (on: LabSetupContext): string => {
  const { k, within } = appOnCluster(on)
  return k(`get deployment counter ${within} -o json`)
}
const imageCommand = (on: LabSetupContext): string => {
  const { k, within } = appOnCluster(on)
  return k(`get deployment counter ${within} -o jsonpath='{.spec.template.spec.containers[0].image}'`)
}

/** Rolls back to the deployed release from any state. */
async function rollBack(on: LabSetupContext): Promise<void> {
  const { at, k, within } = appOnCluster(on)
  if ((await on.exec({ ...at, command: imageCommand(on) })).stdout.trim() === BROKEN)
    await on.exec({ ...at, command: k(`rollout undo deployment/counter ${within}`) })
  await on.exec({ ...at, command: k(`set env deployment/counter ${VERSION}- ${within}`) })
  await on.watch({
    ...at,
    title: 'Progress of the rollback',
    command: deployment(on),
    within: 240,
    until: ({ stdout }) => rolloutProgress(stdout) === 'complete',
  })
}

/** Updates and rolls back the app under load. */
export const rollingUpdate = labExperiment(
  'Update and roll back on Kubernetes under load',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-update', 'proof'],
    disturbs: disturbsCluster('the Counter app is updated and rolled back under load'),
    hypothesis:
      'A new pod is ready before an old one terminates, and the old one keeps serving until all nodes have removed its endpoint (preStop). So no request fails, neither in an update nor in a rollback.',
    assertions: {
      'k3s.update.no-failed-request': 'A rolling update replaces every pod, and no request fails',
      'k3s.rollback.no-failed-request': 'A manual rollback restores the previous release, and no request fails',
      'k3s.update.no-lost-increment': 'Update and rollback lose no acknowledged increment',
    },
    steadyState: assertSteadyState,
    rollback: rollBack,
  },
  async (on) => {
    const { k, within } = appOnCluster(on)
    const options = {
      title: 'Timeline: update and rollback on Kubernetes',
      perSecond: UNDER_LOAD,
      cluster: await watchedCluster(on),
    } as const
    const observed = await observeDuring(on, options, async (watching) => {
      const update = await roll(
        on,
        'update',
        k(`set env deployment/counter ${VERSION}=${Date.now()} ${within}`),
        watching,
      )
      const between = watching.now()
      const rollback = await roll(on, 'rollback', k(`rollout undo deployment/counter ${within}`), watching)
      return { update, between, rollback }
    })
    const { value, exhibit, requestStats } = observed
    const { update, between, rollback } = value
    const [first, second] = [requestStats({ to: between }), requestStats({ from: between })]
    on.finding('k3s.update.no-failed-request', {
      holds: update.reached && first.failed === 0,
      evidence: [...update.exhibits, exhibit],
      detail: say('{failed} of {sent} requests at {perSecond}/s failed; update took {took}, p95 {p95} ms', {
        failed: first.failed,
        sent: first.sent,
        perSecond: UNDER_LOAD,
        took: inSeconds(update.took),
        p95: first.p95.toFixed(0),
      }),
      measured: { 'time to update': [update.took, 's'], 'failed requests': [first.failed, ''] },
    })
    on.finding('k3s.rollback.no-failed-request', {
      holds: rollback.reached && second.failed === 0,
      evidence: [...rollback.exhibits, exhibit],
      detail: say('{failed} of {sent} requests failed; rollback took {took}', {
        failed: second.failed,
        sent: second.sent,
        took: inSeconds(rollback.took),
      }),
      measured: { 'time to roll back': [rollback.took, 's'], 'failed requests': [second.failed, ''] },
    })
    on.finding('k3s.update.no-lost-increment', { ...noLostIncrement(observed), evidence: [exhibit] })
  },
)

/** Texts of an update and of a rollback. */
const ROLLS = {
  update: {
    title: 'Update on Kubernetes',
    started: 'update',
    progress: 'Update on Kubernetes: progress',
    pods: 'Pods after: update',
    over: 'update over',
    history: 'History after: update',
  },
  rollback: {
    title: 'Rollback on Kubernetes',
    started: 'rollback',
    progress: 'Rollback on Kubernetes: progress',
    pods: 'Pods after: rollback',
    over: 'rollback over',
    history: 'History after: rollback',
  },
} as const

async function roll(on: LabContext, kind: keyof typeof ROLLS, command: string, { mark, now }: TimelineRecorder) {
  const { at, k, within, namespace } = appOnCluster(on)
  const old = parsePods((await on.exec({ ...at, command: podsCommand(k, namespace) })).stdout).map(({ uid }) => uid)
  const texts = ROLLS[kind]
  const began = now()
  const started = await on.exhibit({ ...at, title: texts.title, command })
  mark(texts.started)
  const over = await on.watch({
    ...at,
    title: texts.progress,
    command: deployment(on),
    within: 300,
    until: ({ stdout }) => rolloutProgress(stdout) !== 'in progress',
  })
  const replaced = await waitForPods(on, texts.pods, { not: old })
  mark(texts.over)
  const took = now() - began
  const history = await on.exhibit({
    ...at,
    title: texts.history,
    command: k(`rollout history deployment/counter ${within}`),
  })
  return {
    reached: started.exitCode === 0 && rolloutProgress(over.exhibit.stdout) === 'complete' && replaced.reached,
    took,
    exhibits: [started, over.exhibit, replaced.exhibit, history],
  }
}

/** Updates the app to an image that cannot be pulled. */
export const brokenUpdate = labExperiment(
  'Update to a broken image on Kubernetes',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-broken-update', 'proof'],
    disturbs: disturbsCluster('the Counter app is updated to a broken image under load'),
    hypothesis:
      'The first new pod never becomes ready, so no old pod terminates and clients notice nothing. After progressDeadlineSeconds the update is marked as failed. Unlike Swarm, Kubernetes does not roll back automatically; "rollout undo" does.',
    assertions: {
      'k3s.update.broken-unnoticed': 'A failed update to a broken image and its rollback fail no request',
      'k3s.update.broken-is-told': 'A stalled update is marked as failed after its deadline',
      'k3s.update.does-not-roll-back': 'Kubernetes does not roll back automatically',
      'k3s.update.rolled-back': 'A manual rollback restores the previous image',
    },
    steadyState: assertSteadyState,
    rollback: rollBack,
  },
  async (on) => {
    const { at, k, within, namespace } = appOnCluster(on)
    const { value, exhibit, requestStats } = await observeDuring(
      on,
      {
        title: 'Timeline: update to a broken image on Kubernetes',
        perSecond: UNDER_LOAD,
        cluster: await watchedCluster(on),
      },
      async ({ mark, now }) => {
        const before = await on.exhibit({ ...at, title: 'Image before the update', command: imageCommand(on) })
        const began = now()
        const started = await on.exhibit({
          ...at,
          title: 'Update to a broken image',
          command: k(`set image deployment/counter counter=${BROKEN} ${within}`),
        })
        mark('update to a broken image')
        const failed = await on.watch({
          ...at,
          title: 'Progress until the deadline',
          command: deployment(on),
          within: 400,
          every: 2,
          until: ({ stdout }) => rolloutProgress(stdout) === 'failed',
        })
        const failedAfter = now() - began
        mark('marked as failed')
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
          title: 'Manual rollback',
          command: k(`rollout undo deployment/counter ${within}`),
        })
        mark('rolled back manually')
        const over = await on.watch({
          ...at,
          title: 'Progress of the manual rollback',
          command: deployment(on),
          within: 240,
          until: ({ stdout }) => rolloutProgress(stdout) === 'complete',
        })
        const undoneAfter = now() - undoneAt
        const after = await on.exhibit({ ...at, title: 'Image after the rollback', command: imageCommand(on) })
        return { before, started, failed, failedAfter, pods, state, still, undone, over, undoneAfter, after }
      },
    )
    const { before, started, failed, failedAfter, pods, state, still, undone, over, undoneAfter, after } = value
    const all = requestStats()
    const why = parsePods(state.stdout)
      .map((pod) => pod.state)
      .find((each) => /Image/.test(each))
    on.finding('k3s.update.broken-unnoticed', {
      holds: started.exitCode === 0 && all.failed === 0,
      evidence: [started, pods, exhibit],
      detail: say('{failed} of {sent} requests at {perSecond}/s failed', {
        failed: all.failed,
        sent: all.sent,
        perSecond: UNDER_LOAD,
      }),
      measured: { 'failed requests': [all.failed, ''] },
    })
    on.finding('k3s.update.broken-is-told', {
      holds: failed.reached,
      evidence: [started, failed.exhibit, pods, state],
      detail: say('marked as failed after {failedAfter}{podState}', {
        failedAfter: inSeconds(failedAfter),
        podState: why === undefined ? '' : say('; state of the new pod: {why}', { why }),
      }),
      measured: { 'time to failed': [failedAfter, 's'] },
    })
    on.finding('k3s.update.does-not-roll-back', {
      holds: still.exitCode === 0 ? still.stdout.trim() === BROKEN : null,
      evidence: [still, exhibit],
      detail: say('image after the failure: {still}', { still: still.stdout.trim() }),
    })
    on.finding('k3s.update.rolled-back', {
      holds: undone.exitCode === 0 && over.reached && after.stdout === before.stdout,
      evidence: [before, undone, over.exhibit, after],
      detail: say('rolled back after {undoneAfter}', { undoneAfter: inSeconds(undoneAfter) }),
      measured: { 'time to roll back': [undoneAfter, 's'] },
    })
  },
)
