import { durationMultiplierOf, type Experiment } from 'labbook'
import { labExperiment, type LabContext, say, inSeconds, type MessageKey } from '../../messages/say.ts'
import { NODE_FAULTS, type NodeKind } from '../../methods/node-faults.ts'
import { evidenceOf, injectNodeFault, recoverNode } from '../../methods/node-outage.ts'
import {
  checkSteadyState,
  COUNTER,
  countReturned,
  movableReplicas,
  OBSERVATION_SECONDS,
  restoreNode,
  targetNode,
} from './support/cluster.ts'
import { lastWorker } from './support/disturbs.ts'
import { observeApp } from './support/observe-app.ts'
import { disturbanceOf } from '../../lab/faults.ts'

interface NodeFailure {
  readonly id: string
  readonly name: string
  readonly tag: string
  readonly hypothesis: MessageKey
  /** Completes "a node that ..." in the claims. */
  readonly condition: 'loses power' | 'has its Docker daemon stopped' | 'is partitioned from the network'
  readonly kind: NodeKind
}

/** Injects a fault into a node, recovers it, and observes replacement and recovery. */
const nodeFailure = ({ id, name, tag, hypothesis, condition, kind }: NodeFailure): Experiment =>
  labExperiment(
    name,
    {
      hosts: 'swarm_managers[0]',
      tags: ['experiments', tag, 'proof'],
      disturbs: (on) => lastWorker(on).map((node) => disturbanceOf(NODE_FAULTS[kind](on, node), node)),
      hypothesis,
      assertions: {
        [`${id}.replaced`]: say('Swarm replaces the replicas of a node that {condition} on other nodes', {
          condition: say(condition),
        }),
        [`${id}.stays-away`]: 'Recovered node becomes Ready, and replicas do not return to it',
      },
      steadyState: checkSteadyState,
      rollback: async (on) => {
        const node = targetNode(on)
        await restoreNode(on, node, NODE_FAULTS[kind](on, node), { within: 120 })
      },
    },
    (on) => disturb(on, id, kind),
  )

async function disturb(on: LabContext, id: string, kind: NodeKind): Promise<void> {
  const node = targetNode(on)
  const fault = NODE_FAULTS[kind](on, node)
  const seconds = OBSERVATION_SECONDS * durationMultiplierOf(on.timeoutMultiplier)
  const services = movableReplicas(on)
  const tasks = `docker service ps ${COUNTER}`
  const observed = await observeApp(
    on,
    { title: say('Timeline: {description}', { description: fault.text }) },
    async (timeline) => {
      const before = await on.exhibit({ title: 'Tasks before', command: tasks })
      const outage = await injectNodeFault(on, node, fault, timeline, { state: 'Down', services })
      const after = await on.exhibit({ title: 'Tasks after', command: tasks })
      const recoveryAt = timeline.now()
      const back = await recoverNode(on, node, fault, timeline)
      const readyAfter = timeline.now() - recoveryAt
      const returned = await countReturned(on, node, seconds, say('Replicas on {node} after recovery', { node }))
      return { before, ...outage, after, recoveryAt, ...back, readyAfter, returned }
    },
  )
  const { before, injectedAt, injected, state, stateAfter, moved, movedAfter, after } = observed.value
  const { recoveryAt, recovered, ready, readyAfter, returned } = observed.value
  const window = { from: injectedAt, to: recoveryAt }
  const others = observed.requestStats({ endpoints: (endpoint) => endpoint !== node, ...window })
  const own = observed.requestStats({ endpoints: (endpoint) => endpoint === node, ...window })
  on.finding(`${id}.replaced`, {
    holds: state?.reached === true && moved?.reached === true,
    evidence: [before, injected, ...evidenceOf(state, moved), after, observed.exhibit],
    detail: say(
      'all replicas on other nodes after {replacedAfter}, {node} Down after {downAfter}; {failed} of {sent} requests through other nodes failed (longest outage {outage}), {failed2} of {sent2} through {node2}; {lost} acknowledged increments lost',
      {
        replacedAfter: inSeconds(movedAfter),
        node,
        downAfter: inSeconds(stateAfter),
        failed: others.failed,
        sent: others.sent,
        outage: inSeconds(others.outage),
        failed2: own.failed,
        sent2: own.sent,
        node2: node,
        lost: observed.increments.lost,
      },
    ),
    measured: {
      'time to Down': [stateAfter, 's'],
      'time to all replicas': [movedAfter, 's'],
      'failed requests through other nodes': [others.failed, ''],
      'longest outage through other nodes': [others.outage, 's'],
    },
  })
  on.finding(`${id}.stays-away`, {
    holds: ready.reached ? returned.holds : false,
    evidence: [recovered, ready.exhibit, ...returned.evidence, observed.exhibit],
    detail: say(
      '{count} replicas on {node} {seconds} s after it was Ready; Ready {readyAfter} after recovery started',
      { count: returned.count, node, seconds, readyAfter: inSeconds(readyAfter) },
    ),
    measured: { 'time to Ready': [readyAfter, 's'] },
  })
}

export const nodeKilled = nodeFailure({
  id: 'swarm.node-killed',
  name: 'Power off a node',
  tag: 'node-killed',
  condition: 'loses power',
  hypothesis:
    'The manager receives no heartbeats from the node, marks it Down after about 15 s, and starts its replicas on other nodes. Requests routed to its replicas fail; all others succeed.',
  kind: 'power-cut',
})

export const daemonStopped = nodeFailure({
  id: 'swarm.daemon-stopped',
  name: 'Stop the Docker daemon of a node',
  tag: 'daemon-stopped',
  condition: 'has its Docker daemon stopped',
  hypothesis:
    'A graceful shutdown of the daemon stops the containers and closes the session with the manager, so the node is Down sooner than after a power cut.',
  kind: 'daemon-stopped',
})

export const nodeCutOff = nodeFailure({
  id: 'swarm.node-cut-off',
  name: 'Partition a node from the network',
  tag: 'node-cut-off',
  condition: 'is partitioned from the network',
  hypothesis:
    'To the manager a partitioned node looks like one without power. Its containers keep running until the node is reachable again and Swarm stops them.',
  kind: 'cut-off',
})
