import { disturbAll } from 'labbook'
import { labExperiment, inSeconds, say } from '../../messages/say.ts'
import {
  checkSteadyState,
  COUNTER,
  desiredReplicas,
  maxReplicas,
  replicasCommand,
  runningReplicas,
  scaleCommand,
  SPREAD,
  targetNode,
  waitForReplicas,
} from './support/cluster.ts'
import { disturbSwarmNodes, lastWorker } from './support/disturbs.ts'
import { observeApp } from './support/observe-app.ts'

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
      await on.exec({ command: `docker node update --availability active ${targetNode(on)}` })
      await on.exec({ command: scaleCommand(desiredReplicas(on)) })
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
      async ({ mark, now }) => {
        await on.exec({ command: `docker node update --availability drain ${node}` })
        mark(say('{node} drained', { node }))
        await waitForReplicas(on, say('Replicas without {node}', { node }), [node])
        await on.exec({ command: `docker node update --availability active ${node}` })
        mark(say('{node} active', { node }))
        const before = await on.exhibit({ title: 'Replicas per node before scaling', command: SPREAD })
        const empty = await on.exhibit({
          title: say('Replicas on {node} before scaling', { node }),
          command: replicasCommand(node),
        })
        const began = now()
        const steps = []
        for (const replicas of [other, wanted]) {
          steps.push(
            await on.exhibit({
              title: say('Scale to {replicas} and rebalance', { replicas }),
              command: scaleCommand(replicas),
            }),
          )
          mark(say('scale to {replicas}', { replicas }))
          const { exhibit: running } = await on.watch({
            title: say('Replicas while {replicas} are desired', { replicas }),
            command: `docker service ps ${COUNTER} --format '{{.Name}} {{.Node}} {{.CurrentState}}'`,
            within: 120,
            until: ({ stdout }) => runningReplicas(stdout).length === replicas,
          })
          steps.push(running)
        }
        const took = now() - began
        const own = await on.exhibit({
          title: say('Replicas on {node} after scaling', { node }),
          command: replicasCommand(node),
        })
        const after = await on.exhibit({ title: 'Replicas per node after scaling', command: SPREAD })
        return { before, empty, steps, took, own, after }
      },
    )
    const { before, empty, steps, took, own, after } = value
    const placed = runningReplicas(own.stdout).length
    const wasEmpty = empty.exitCode === 0 && empty.stdout.trim() === ''
    const { failed, sent } = requestStats()
    on.finding('swarm.scale.rebalances', {
      holds: own.exitCode === 0 && wasEmpty ? placed > 0 : null,
      evidence: [before, empty, ...steps, own, after, exhibit],
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
