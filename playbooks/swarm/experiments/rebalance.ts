import { disturbAll } from 'labbook'
import { labExperiment, inSeconds, say } from '../../messages/say.ts'
import {
  checkSteadyState,
  COUNTER_SERVICE,
  desiredReplicas,
  maxReplicas,
  movableReplicas,
  replicasCommand,
  runningReplicas,
  SPREAD,
  targetNode,
} from './support/cluster.ts'
import { disturbSwarmNodes, lastWorker } from './support/disturbs.ts'
import { recoverFrom } from '../../lab/recover.ts'
import { NODE_FAULTS } from '../../methods/node-faults.ts'
import { injectNodeFault, recoverNode } from '../../methods/node-outage.ts'
import { observeApp } from './support/observe-app.ts'
import { scaleCommand, scaleTo } from '../../methods/scale.ts'

/** Empties a node, and places replicas on it again without replacing those that run. */
export const rebalance = labExperiment(
  'Rebalance replicas by scaling',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'rebalance', 'proof'],
    disturbs: (on) => [
      ...disturbAll(lastWorker(on), 'is drained, so that its tasks move to other nodes, and then set to active'),
      ...disturbSwarmNodes('the Counter app is scaled by one replica and back')(on),
    ],
    hypothesis:
      'Swarm places a new replica on the node with the fewest of them: the one that was drained. Unlike a forced update, scaling restarts no running replica.',
    assertions: { 'swarm.scale.rebalances': 'Scaling by one and back places a replica on the node again' },
    steadyState: checkSteadyState,
    rollback: async (on) => {
      const node = targetNode(on)
      await recoverFrom(on, node, NODE_FAULTS.drain(on, node))
      await on.exec({ command: scaleCommand(COUNTER_SERVICE, desiredReplicas(on)) })
    },
  },
  async (on) => {
    const node = targetNode(on)
    const wanted = desiredReplicas(on)
    // Down first where the nodes are limited to as many replicas as there are.
    const other = wanted + 1 <= maxReplicas(on) ? wanted + 1 : wanted - 1
    const { value, exhibit, requestStats } = await observeApp(
      on,
      { title: say('Timeline: {node} empty, {other} and {wanted} replicas', { node, other, wanted }) },
      async (watching) => {
        const drain = NODE_FAULTS.drain(on, node)
        await injectNodeFault(on, node, drain, watching, { services: movableReplicas(on) })
        await recoverNode(on, node, drain, watching)
        const before = await on.exhibit({ title: 'Replicas per node before scaling', command: SPREAD })
        const empty = await on.exhibit({
          title: say('Replicas on {node} before scaling', { node }),
          command: replicasCommand(node),
        })
        const scaled = [
          await scaleTo(on, COUNTER_SERVICE, other, watching),
          await scaleTo(on, COUNTER_SERVICE, wanted, watching),
        ]
        const own = await on.exhibit({
          title: say('Replicas on {node} after scaling', { node }),
          command: replicasCommand(node),
        })
        const after = await on.exhibit({ title: 'Replicas per node after scaling', command: SPREAD })
        return { before, empty, scaled, own, after }
      },
    )
    const { before, empty, scaled, own, after } = value
    const took = scaled.reduce((sum, each) => sum + each.took, 0)
    const placed = runningReplicas(own.stdout).length
    const wasEmpty = empty.exitCode === 0 && empty.stdout.trim() === ''
    const { failed, sent } = requestStats()
    on.finding('swarm.scale.rebalances', {
      holds: own.exitCode === 0 && wasEmpty ? placed > 0 : null,
      evidence: [before, empty, ...scaled.flatMap(({ exhibits }) => exhibits), own, after, exhibit],
      detail: say('{placed} replicas on {node} after {took}; {failed} of {sent} requests failed', {
        placed,
        node,
        took: inSeconds(took),
        failed,
        sent,
      }),
      measured: { 'time to rebalance': [took, 's'] },
    })
  },
)
