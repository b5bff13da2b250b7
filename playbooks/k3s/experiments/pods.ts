import { MessageError } from 'labbook'
import { labExperiment, say, inSeconds } from '../../messages/say.ts'
import { callMany } from '../../app/client.ts'
import { observeDuring } from '../../methods/observe.ts'
import { appEndpoints, podsCommand } from '../proof.ts'
import { isReady, parsePods } from '../objects.ts'
import {
  assertSteadyState,
  disturbsCluster,
  waitForPods,
  readyPods,
  appOnCluster,
  watchedCluster,
} from './support/cluster.ts'

/** Kills a pod of the app without graceful shutdown. */
export const podKilled = labExperiment(
  'Kill a pod',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-pod-killed', 'proof'],
    disturbs: disturbsCluster('a pod of the Counter app is killed'),
    hypothesis:
      'The ReplicaSet creates a replacement at once, which receives requests when it is ready. Requests in progress on the killed pod fail, and so do requests routed to it until every node has removed its endpoint.',
    assertions: { 'k3s.pod-killed.replaced': 'A killed pod is replaced automatically' },
    steadyState: assertSteadyState,
  },
  async (on) => {
    const { at, k, within, namespace } = appOnCluster(on)
    const { value, exhibit, increments, requestStats } = await observeDuring(
      on,
      { title: 'Timeline: kill of a pod', cluster: await watchedCluster(on) },
      async ({ mark, now }) => {
        const before = await on.exhibit({ ...at, title: 'Pods before the kill', command: podsCommand(k, namespace) })
        const [pod] = readyPods(parsePods(before.stdout))
        if (pod === undefined) throw new MessageError(say('no pod of the app is ready to be killed'))
        const began = now()
        const killed = await on.exhibit({
          ...at,
          title: 'Kill the pod',
          command: k(`delete pod ${pod.name} ${within} --grace-period=0 --force --wait=false`),
        })
        mark(say('{pod} killed', { pod: pod.name }))
        const replaced = await waitForPods(on, 'Pods after the kill', { not: [pod.uid] })
        mark('replaced')
        const shown = await on.exhibit({
          ...at,
          title: 'Events after the kill',
          command: k(`get events ${within} --sort-by=.lastTimestamp | tail -n 15`),
        })
        return { killed, replaced, shown, took: now() - began }
      },
    )
    const { killed, replaced, shown, took } = value
    const all = requestStats()
    on.finding('k3s.pod-killed.replaced', {
      holds: killed.exitCode === 0 && replaced.reached,
      evidence: [killed, replaced.exhibit, shown, exhibit],
      detail: say('replaced after {took}; {failed} of {sent} requests failed, {lost} acknowledged increments lost', {
        took: inSeconds(took),
        failed: all.failed,
        sent: all.sent,
        lost: increments.lost,
      }),
      measured: { 'time to replacement': [took, 's'], 'failed requests': [all.failed, ''] },
    })
  },
)

/** Deletes the Redis pod; its replacement mounts the same volume. */
export const dataSurvives = labExperiment(
  'Delete the Redis pod',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-data', 'proof'],
    disturbs: disturbsCluster('the Redis pod is deleted; its volume is kept'),
    hypothesis:
      'The StatefulSet recreates the pod with the same name and volume. Redis writes acknowledged data within a second, so a graceful shutdown loses nothing. Until Redis is ready, the app responds with 503 or is removed from the Service.',
    assertions: {
      'k3s.data.survives': 'A recreated Redis pod has the same volume, and no acknowledged increment is lost',
    },
    steadyState: assertSteadyState,
  },
  async (on) => {
    const { at, k, within, namespace } = appOnCluster(on)
    const claims = k(
      `get persistentvolumeclaims ${within} -o custom-columns=NAME:.metadata.name,VOLUME:.spec.volumeName,PHASE:.status.phase`,
    )
    const { value, exhibit, increments, requestStats } = await observeDuring(
      on,
      { title: 'Timeline: deletion of the Redis pod', cluster: await watchedCluster(on) },
      async ({ mark, now }) => {
        const before = await on.exhibit({ ...at, title: 'Claims before', command: claims })
        const uid = parsePods((await on.exec({ ...at, command: podsCommand(k, namespace) })).stdout).find(
          ({ name }) => name === 'redis-0',
        )?.uid
        if (uid === undefined) throw new MessageError(say('there is no pod "redis-0" to delete'))
        const began = now()
        const deleted = await on.exhibit({
          ...at,
          title: 'Delete the Redis pod',
          command: k(`delete pod redis-0 ${within} --wait=false`),
        })
        mark('redis-0 deleted')
        const recreated = await on.watch({
          ...at,
          title: 'New Redis pod',
          command: podsCommand(k, namespace),
          within: 180,
          until: ({ stdout }) =>
            parsePods(stdout).some((pod) => pod.name === 'redis-0' && pod.uid !== uid && isReady(pod)),
        })
        mark('new redis-0 ready')
        const took = now() - began
        const serving = await waitForPods(on, 'App pods after the deletion')
        const targets = await appEndpoints(on)
        const { answers } = await callMany(targets, 'GET', '/api/counter', {
          total: targets.length,
          clients: targets.length,
        })
        const after = await on.exhibit({ ...at, title: 'Claims after', command: claims })
        return { before, deleted, recreated, took, serving, after, answered: answers.length > 0 }
      },
    )
    const { before, deleted, recreated, took, serving, after, answered } = value
    const same = before.stdout === after.stdout && / Bound$/m.test(after.stdout.trimEnd())
    const all = requestStats()
    on.finding('k3s.data.survives', {
      holds:
        Number.isNaN(increments.added) || !answered
          ? null
          : deleted.exitCode === 0 && recreated.reached && serving.reached && same && increments.lost === 0,
      evidence: [before, deleted, recreated.exhibit, serving.exhibit, after, exhibit],
      detail: say(
        '{same}, Redis ready after {took}; {acknowledged} increments acknowledged, {added} counted, {lost} lost; {failed} of {sent} requests failed (longest outage {outage})',
        {
          same: same ? say('same volume') : say('not the same volume'),
          took: inSeconds(took),
          acknowledged: increments.acknowledged,
          added: increments.added,
          lost: increments.lost,
          failed: all.failed,
          sent: all.sent,
          outage: inSeconds(all.outage),
        },
      ),
      measured: { 'time to Redis ready': [took, 's'], 'longest outage': [all.outage, 's'] },
    })
  },
)
