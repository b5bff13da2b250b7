import { disturbAll, durationMultiplierOf } from 'labbook'
import { recoverFrom } from '../../lab/recover.ts'
import { NODE_FAULTS } from '../../methods/node-faults.ts'
import { evidenceOf, injectNodeFault, recoverNode } from '../../methods/node-outage.ts'
import { labExperiment, type LabContext, say, inSeconds } from '../../messages/say.ts'
import { checkReplicas } from '../../app/proof.ts'
import {
  checkSteadyState,
  COUNTER,
  COUNTER_SERVICE,
  waitForReplicas,
  countReturned,
  movableReplicas,
  OBSERVATION_SECONDS,
  SPREAD,
  targetNode,
} from './support/cluster.ts'
import { lastWorker, disturbSwarmNodes } from './support/disturbs.ts'
import type { TimelineRecorder } from '../../methods/observe.ts'
import { observeApp } from './support/observe-app.ts'
import { appEndpoints } from '../../app/entry-points.ts'
import { forceUpdate, isCompleted } from '../../methods/updates.ts'
import { NODES } from '../../methods/nodes.ts'

/** Its status has the availability: active or drain. */
const inspectNode = (node: string): string => `docker node inspect --pretty ${node}`

const history = `docker service ps ${COUNTER}`

/** Drains a node, activates it again, and checks whether replicas return. */
export const drain = labExperiment(
  'Drain and activate a node',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'drain', 'proof'],
    disturbs: (on) => [
      ...disturbAll(lastWorker(on), 'is drained, so that its tasks move to other nodes, and then set to active'),
      ...disturbSwarmNodes('a forced update replaces all replicas of the Counter app')(on),
    ],
    hypothesis:
      'Swarm stops all tasks of a drained node and starts their replicas on other nodes. It does not move running tasks, so they stay there when the node is active again, until an update replaces them.',
    assertions: {
      'swarm.drain.evacuates': 'Drained node runs no tasks, and all replicas run on other nodes',
      'swarm.active.does-not-return': 'Replicas do not return to a node that is active again',
      'swarm.force-update.rebalances': 'Forced update places replicas on the node again',
    },
    steadyState: checkSteadyState,
    rollback: async (on) => {
      const node = targetNode(on)
      await recoverFrom(on, node, NODE_FAULTS.drain(on, node))
    },
  },
  async (on) => {
    const node = targetNode(on)
    const observed = OBSERVATION_SECONDS * durationMultiplierOf(on.timeoutMultiplier)
    const before = [
      await on.exhibit({ title: 'Nodes before the drain', command: NODES }),
      await on.exhibit({ title: say('Inspect {node} before the drain', { node }), command: inspectNode(node) }),
      await on.exhibit({ title: 'Tasks before the drain', command: history }),
      await on.exhibit({ title: 'Replicas per node before the drain', command: SPREAD }),
    ]
    const { value, exhibit, requestStats } = await observeApp(
      on,
      { title: say('Timeline: drain and activate {node}', { node }) },
      async (watching) => {
        const evacuated = await evacuate(on, node, watching)
        const emptyAt = watching.now()
        const { recovered: activated } = await recoverNode(on, node, NODE_FAULTS.drain(on, node), watching)
        const returned = await countReturned(on, node, observed, say('Replicas on {node} after activation', { node }))
        const rebalanced = await rebalance(on, watching)
        return { evacuated, emptyAt, activated, returned, rebalanced }
      },
    )
    const { evacuated, emptyAt, activated, returned, rebalanced } = value
    const elsewhere = requestStats({ endpoints: (endpoint) => endpoint !== node, to: emptyAt })
    on.finding('swarm.drain.evacuates', {
      holds: evacuated.state?.reached === true && evacuated.moved?.reached === true,
      evidence: [...before, ...evacuated.exhibits, exhibit],
      detail: say(
        '{node} ran no task after {emptied}; all replicas ran on other nodes after {replicas}; {failed} of {sent} requests through other nodes failed meanwhile',
        {
          node,
          emptied: inSeconds(evacuated.stateAfter),
          replicas: inSeconds(evacuated.movedAfter),
          failed: elsewhere.failed,
          sent: elsewhere.sent,
        },
      ),
      measured: {
        'time to empty': [evacuated.stateAfter, 's'],
        'reschedule time': [evacuated.movedAfter, 's'],
        'failed requests': [elsewhere.failed, ''],
      },
    })
    on.finding('swarm.active.does-not-return', {
      holds: returned.holds,
      evidence: [activated, ...returned.evidence, exhibit],
      detail: say('{returned} replicas on {node} {observed} s after activation', {
        returned: returned.count,
        node,
        observed,
      }),
    })
    on.finding('swarm.force-update.rebalances', {
      holds: rebalanced.ok && new RegExp(`\\b${node}\\b`).test(rebalanced.after.stdout),
      evidence: [...rebalanced.exhibits, rebalanced.after, exhibit],
      detail: say('replicas per node: {replicas}', {
        replicas: rebalanced.after.stdout
          .trim()
          .split('\n')
          .map((line) => line.trim())
          .join(', '),
      }),
    })
  },
)

async function evacuate(on: LabContext, node: string, watching: TimelineRecorder) {
  const outage = await injectNodeFault(on, node, NODE_FAULTS.drain(on, node), watching, {
    state: 'empty',
    services: movableReplicas(on),
  })
  const nodes = await on.exhibit({ title: 'Nodes during the drain', command: NODES })
  const inspected = await on.exhibit({
    title: say('Inspect {node} during the drain', { node }),
    command: inspectNode(node),
  })
  const containers = await on.exhibit({
    title: say('Containers on {node} during the drain', { node }),
    host: node,
    command: 'docker ps',
  })
  const after = await on.exhibit({ title: 'Tasks during the drain', command: history })
  const answers = await checkReplicas(
    on,
    appEndpoints(on).filter((endpoint) => endpoint.node !== node),
    'Responses during the drain',
  )
  const { injected, state, moved } = outage
  const exhibits = [injected, ...evidenceOf(state, moved), nodes, inspected, containers, after, answers.exhibit]
  return { ...outage, exhibits }
}

async function rebalance(on: LabContext, watching: TimelineRecorder) {
  const forced = await forceUpdate(on, COUNTER_SERVICE, watching)
  const { reached, exhibit: running } = await waitForReplicas(on, 'Replicas after the forced update')
  const after = await on.exhibit({ title: 'Replicas per node after the forced update', command: SPREAD })
  return { ok: isCompleted(forced) && reached, exhibits: [...forced.exhibits, running], after }
}
