import { disturbAll } from 'labbook'
import { injectFault } from '../../lab/inject-fault.ts'
import { labExperiment, type LabContext, say, inSeconds, type LabSetupContext } from '../../messages/say.ts'
import { recordRecovery, recoverFrom } from '../../lab/recover.ts'
import { faultsOf, powerOffEach } from '../../lab/faults.ts'
import { observeDuring, type TimelineRecorder } from '../../methods/observe.ts'
import { podsCommand } from '../proof.ts'
import { isReadyNode, parseClusterNodes, parsePods } from '../objects.ts'
import {
  assertSteadyState,
  disturbsCluster,
  lastAgent,
  nodesCommand,
  waitForPods,
  readyPods,
  podsPerNode,
  appOnCluster,
  targetNode,
  watchedCluster,
} from './support/cluster.ts'

/** How long to check that pods do not return automatically. */
const WAIT_SECONDS = 20
/** Disturbance that moves pods back to the node. */
const RESTART_EFFECT = 'all pods of the Counter app are restarted'

/** Checks that no pods return to a node some time after it is available again. */
async function checkNoReturn(on: LabContext, node: string) {
  const { at, k, namespace } = appOnCluster(on)
  await on.pause(WAIT_SECONDS, `pods to return to ${node} (expected: none)`)
  const exhibit = await on.exhibit({
    ...at,
    title: say('Pods {seconds} s after {node} is available again', { seconds: WAIT_SECONDS, node }),
    command: podsCommand(k, namespace),
  })
  const count = readyPods(parsePods(exhibit.stdout)).filter((pod) => pod.node === node).length
  return {
    holds: exhibit.exitCode === 0 ? count === 0 : null,
    exhibit,
    detail: say('{count} pods returned to {node} within {seconds} s', { count, node, seconds: WAIT_SECONDS }),
  }
}

/**
 * Restarts the pods, so that they are rescheduled. Polls for the result: a command that waits would block all other
 * commands on this connection.
 */
async function restart(on: LabContext, { mark }: TimelineRecorder) {
  const { at, k, within, namespace, wanted } = appOnCluster(on)
  const old = parsePods((await on.exec({ ...at, command: podsCommand(k, namespace) })).stdout).map(({ uid }) => uid)
  const command = await on.exhibit({
    ...at,
    title: 'Restart all pods',
    command: k(`rollout restart deployment/counter ${within}`),
  })
  mark('restart')
  const done = await waitForPods(on, 'Pods after the restart', { not: old, wanted })
  mark('restarted')
  return { command, done, pods: parsePods(done.exhibit.stdout) }
}

/** Steady state, with a node that can be removed. */
async function assertRemovableNode(on: LabSetupContext): Promise<void> {
  targetNode(on)
  await assertSteadyState(on)
}

/** Drains and uncordons a node, and checks whether its pods return. */
export const nodeDrained = labExperiment(
  'Drain and uncordon a Kubernetes node',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-drain', 'proof'],
    disturbs: (on) => [
      ...disturbAll(lastAgent(on), 'is drained, which moves its pods to other nodes, and uncordoned'),
      ...disturbsCluster(RESTART_EFFECT)(on),
    ],
    hypothesis:
      'Pods are evicted one by one, as the disruption budget allows, after their replacements are ready. Kubernetes does not move running pods: when the node is schedulable again, pods stay where they are until they are recreated.',
    assertions: {
      'k3s.drain.evacuates': 'A drained node runs no pods of the app, and all run on other nodes',
      'k3s.uncordon.does-not-return': 'Pods do not return to an uncordoned node automatically',
      'k3s.restart.rebalances': 'A restart of the Deployment schedules pods on the node again',
    },
    steadyState: assertRemovableNode,
    rollback: async (on) => {
      const { at, k } = appOnCluster(on)
      await on.exec({ ...at, command: k(`uncordon ${targetNode(on).node}`) })
    },
  },
  async (on) => {
    const { at, k, namespace } = appOnCluster(on)
    const { node } = targetNode(on)
    const { value, exhibit, requestStats } = await observeDuring(
      on,
      { title: say('Timeline: drain and uncordon of {node}', { node }), cluster: await watchedCluster(on) },
      async (watching) => {
        const { mark, now } = watching
        const before = await on.exhibit({ ...at, title: 'Pods before the drain', command: podsCommand(k, namespace) })
        const began = now()
        // In the background: a drain blocks, and this connection is needed for probes.
        const drained = await on.exhibit({ ...at, title: say('Cordon {node}', { node }), command: k(`cordon ${node}`) })
        await on.exec({
          ...at,
          command: `nohup ${k(`drain ${node} --ignore-daemonsets --delete-emptydir-data --timeout=180s`)} >/tmp/labbook-drain.log 2>&1 </dev/null &`,
        })
        mark(say('drain of {node}', { node }))
        const left = await on.watch({
          ...at,
          title: say('Pods left on {node}', { node }),
          command: podsCommand(k, namespace),
          within: 200,
          until: ({ stdout, exitCode }) => exitCode === 0 && parsePods(stdout).every((pod) => pod.node !== node),
        })
        mark(say('{node} empty', { node }))
        const empty = now() - began
        const elsewhere = await waitForPods(on, 'Pods during the drain', { without: [node] })
        const emptyAt = now()
        mark('all pods run on other nodes')
        const log = await on.exhibit({
          ...at,
          title: 'Output of the drain',
          command: 'cat /tmp/labbook-drain.log; rm -f /tmp/labbook-drain.log',
        })
        const nodes = await on.exhibit({ ...at, title: 'Nodes during the drain', command: k('get nodes -o wide') })
        const uncordoned = await on.exhibit({
          ...at,
          title: say('Uncordon {node}', { node }),
          command: k(`uncordon ${node}`),
        })
        mark(say('{node} uncordoned', { node }))
        const returned = await checkNoReturn(on, node)
        const restarted = await restart(on, watching)
        return { before, drained, left, empty, elsewhere, emptyAt, log, nodes, uncordoned, returned, restarted }
      },
    )
    const { before, drained, left, empty, elsewhere, emptyAt, log, nodes, uncordoned, returned, restarted } = value
    const duringDrain = requestStats({ to: emptyAt })
    on.finding('k3s.drain.evacuates', {
      holds: drained.exitCode === 0 && left.reached && elsewhere.reached,
      evidence: [before, drained, left.exhibit, elsewhere.exhibit, log, nodes, exhibit],
      detail: say(
        '{failed} of {sent} requests failed; {node} was empty after {empty}, all pods ran on other nodes after {emptyAt}',
        {
          failed: duringDrain.failed,
          sent: duringDrain.sent,
          node,
          empty: inSeconds(empty),
          emptyAt: inSeconds(emptyAt),
        },
      ),
      measured: { 'time to empty': [empty, 's'], 'failed requests': [duringDrain.failed, ''] },
    })
    on.finding('k3s.uncordon.does-not-return', {
      holds: uncordoned.exitCode === 0 ? returned.holds : null,
      evidence: [uncordoned, returned.exhibit, exhibit],
      detail: returned.detail,
    })
    on.finding('k3s.restart.rebalances', {
      holds:
        restarted.command.exitCode === 0 &&
        restarted.done.reached &&
        readyPods(restarted.pods).some((pod) => pod.node === node),
      evidence: [restarted.command, restarted.done.exhibit, exhibit],
      detail: say('pods by node: {pods}', { pods: podsPerNode(restarted.pods) }),
    })
  },
)

/** Powers a node off and on again. */
export const nodeKilled = labExperiment(
  'Power off a Kubernetes node',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-node-killed', 'proof'],
    disturbs: (on) => [...powerOffEach(on, lastAgent(on)), ...disturbsCluster(RESTART_EFFECT)(on)],
    hypothesis:
      'After 40 to 50 s without heartbeats the node is NotReady and its pods receive no more requests. They are evicted when their toleration expires (30 s here, 300 s by default), and replacements start on other nodes. Until NotReady, requests to these pods time out.',
    assertions: {
      'k3s.node-killed.replaced': 'Pods of a node that is powered off are replaced on other nodes automatically',
      'k3s.node-killed.stays-away':
        'A node that is powered on again becomes Ready, and pods do not return to it automatically',
    },
    steadyState: assertRemovableNode,
    rollback: async (on) => {
      const { at, k, within } = appOnCluster(on)
      const { node, host } = targetNode(on)
      await recoverFrom(on, host, faultsOf(on, host).powerLoss)
      await on.watch({
        ...at,
        title: say('Status of {node} after the rollback', { node }),
        command: nodesCommand(on),
        within: 240,
        until: ({ stdout }) => parseClusterNodes(stdout).some((each) => each.name === node && isReadyNode(each)),
      })
      // Pods do not return automatically: reschedule them.
      await on.exec({ ...at, command: k(`rollout restart deployment/counter ${within}`) })
    },
  },
  async (on) => {
    const { at, k, namespace } = appOnCluster(on)
    const { node, host } = targetNode(on)
    const fault = faultsOf(on, host).powerLoss
    const { value, exhibit, increments, requestStats } = await observeDuring(
      on,
      { title: say('Timeline: {description}', { description: fault.text }), cluster: await watchedCluster(on) },
      async ({ mark, now }) => {
        const before = await on.exhibit({ ...at, title: 'Pods before the loss', command: podsCommand(k, namespace) })
        const lostAt = now()
        const injected = await injectFault(on, fault)
        mark(fault.text)
        const down = await on.watch({
          ...at,
          title: say('Status of {node} after power off', { node }),
          command: nodesCommand(on),
          within: 180,
          until: ({ stdout }) => parseClusterNodes(stdout).some((each) => each.name === node && !each.ready),
        })
        const downAfter = now() - lostAt
        mark(say('{node} NotReady', { node }))
        const elsewhere = await waitForPods(on, 'Pods on the other nodes', { without: [node], within: 600 })
        const replacedAfter = now() - lostAt
        mark('all pods run on other nodes')
        const end = now()
        const recovered = await recordRecovery(on, host, fault, say('Power on {node}', { node }))
        const back = await on.watch({
          ...at,
          title: say('Status of {node} after power on', { node }),
          command: nodesCommand(on),
          within: 300,
          until: ({ stdout }) => parseClusterNodes(stdout).some((each) => each.name === node && each.ready),
        })
        const backAfter = now() - end
        mark(say('{node} Ready', { node }))
        const returned = await checkNoReturn(on, node)
        return {
          before,
          injected,
          down,
          downAfter,
          elsewhere,
          replacedAfter,
          lostAt,
          end,
          recovered,
          back,
          backAfter,
          returned,
        }
      },
    )
    const {
      before,
      injected,
      down,
      downAfter,
      elsewhere,
      replacedAfter,
      lostAt,
      end,
      recovered,
      back,
      backAfter,
      returned,
    } = value
    const others = requestStats({ endpoints: (endpoint) => endpoint !== node, from: lostAt, to: end })
    on.finding('k3s.node-killed.replaced', {
      holds: down.reached && elsewhere.reached,
      evidence: [before, injected, down.exhibit, elsewhere.exhibit, exhibit],
      detail: say(
        'NotReady after {downAfter}, all pods on other nodes after {replacedAfter}; {failed} of {sent} requests through the other nodes failed (longest outage {outage}); {lost} acknowledged increments lost',
        {
          downAfter: inSeconds(downAfter),
          replacedAfter: inSeconds(replacedAfter),
          failed: others.failed,
          sent: others.sent,
          outage: inSeconds(others.outage),
          lost: increments.lost,
        },
      ),
      measured: {
        'time to NotReady': [downAfter, 's'],
        'time to all pods': [replacedAfter, 's'],
        'failed requests through other nodes': [others.failed, ''],
        'longest outage through other nodes': [others.outage, 's'],
      },
    })
    on.finding('k3s.node-killed.stays-away', {
      holds: back.reached ? returned.holds : false,
      evidence: [recovered, back.exhibit, returned.exhibit, exhibit],
      detail: say('Ready {backAfter} after power on; {returned}', {
        backAfter: inSeconds(backAfter),
        returned: returned.detail,
      }),
      measured: { 'time to Ready': [backAfter, 's'] },
    })
  },
)
