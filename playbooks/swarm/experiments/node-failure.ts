import { type DisturbanceContext, durationMultiplierOf, type Experiment } from 'labbook'
import { labExperiment, type LabContext, say, inSeconds, type MessageKey } from '../../messages/say.ts'
import type { Fault } from 'labbook/lab'
import { describedBy, faultsOf } from '../../lab/faults.ts'
import { checkSteadyState, COUNTER, replicasCommand, targetNode } from './support/cluster.ts'
import { lastWorker, disturbanceOf } from './support/disturbs.ts'
import { injectNodeFault, recoverNode, restoreNode } from './support/node-outage.ts'
import { observeApp } from './support/observe-app.ts'

/** Time in which replicas could return to a recovered node. Swarm schedules tasks within a second of an event. */
const OBSERVATION_SECONDS = 5

interface NodeFailure {
  readonly id: string
  readonly name: string
  readonly tag: string
  readonly hypothesis: MessageKey
  /** Completes "a node that ..." in the claims. */
  readonly condition: 'loses power' | 'has its Docker daemon stopped' | 'is partitioned from the network'
  readonly fault: (on: Pick<DisturbanceContext, 'groups' | 'hostvars'>, node: string) => Fault
}

/** Injects a fault into a node, recovers it, and observes replacement and recovery. */
const nodeFailure = ({ id, name, tag, hypothesis, condition, fault }: NodeFailure): Experiment =>
  labExperiment(
    name,
    {
      hosts: 'swarm_managers[0]',
      tags: ['experiments', tag, 'proof'],
      disturbs: (on) => lastWorker(on).map((node) => disturbanceOf(fault(on, node), node)),
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
        await restoreNode(on, node, fault(on, node), { within: 120 })
      },
    },
    (on) => injectFault(on, id, fault(on, targetNode(on))),
  )

async function injectFault(on: LabContext, id: string, fault: Fault): Promise<void> {
  const node = targetNode(on)
  const tasks = `docker service ps ${COUNTER}`
  const { value, exhibit, increments, requestStats } = await observeApp(
    on,
    { title: say('Timeline: {description}', { description: fault.text }) },
    async (timeline) => {
      const before = await on.exhibit({ title: 'Tasks before', command: tasks })
      const outage = await injectNodeFault(on, node, fault, timeline, { down: 120 })
      const after = await on.exhibit({ title: 'Tasks after', command: tasks })
      const recoveryAt = timeline.now()
      const back = await recoverNode(on, node, fault, timeline, { within: 240 })
      const readyAfter = timeline.now() - recoveryAt
      await on.pause(OBSERVATION_SECONDS * durationMultiplierOf(on.timeoutMultiplier), `replicas on ${node}`)
      const returned = await on.exhibit({
        title: say('Replicas on {node} after recovery', { node }),
        command: replicasCommand(node),
      })
      return { before, ...outage, after, recoveryAt, ...back, readyAfter, returned }
    },
  )
  const { before, injectedAt, injected, down, downAfter, replicas, replacedAfter, after } = value
  const { recoveryAt, recovered, ready, readyAfter, returned } = value
  const others = requestStats({ endpoints: (endpoint) => endpoint !== node, from: injectedAt, to: recoveryAt })
  const own = requestStats({ endpoints: (endpoint) => endpoint === node, from: injectedAt, to: recoveryAt })
  on.finding(`${id}.replaced`, {
    holds: down.reached && replicas.reached,
    evidence: [before, injected, down.exhibit, replicas.exhibit, after, exhibit],
    detail: say(
      'all replicas on other nodes after {replacedAfter}, {node} Down after {downAfter}; {failed} of {sent} requests through other nodes failed (longest outage {outage}), {failed2} of {sent2} through {node2}; {lost} acknowledged increments lost',
      {
        replacedAfter: inSeconds(replacedAfter),
        node,
        downAfter: inSeconds(downAfter),
        failed: others.failed,
        sent: others.sent,
        outage: inSeconds(others.outage),
        failed2: own.failed,
        sent2: own.sent,
        node2: node,
        lost: increments.lost,
      },
    ),
    measured: {
      'time to Down': [downAfter, 's'],
      'time to all replicas': [replacedAfter, 's'],
      'failed requests through other nodes': [others.failed, ''],
      'longest outage through other nodes': [others.outage, 's'],
    },
  })
  const count = returned.stdout.split('\n').filter((line) => line.trim() !== '').length
  on.finding(`${id}.stays-away`, {
    holds: ready.reached && returned.exitCode === 0 ? count === 0 : ready.reached ? null : false,
    evidence: [recovered, ready.exhibit, returned, exhibit],
    detail: say(
      '{count} replicas on {node} {seconds} s after it was Ready; Ready {readyAfter} after recovery started',
      {
        count,
        node,
        seconds: OBSERVATION_SECONDS * durationMultiplierOf(on.timeoutMultiplier),
        readyAfter: inSeconds(readyAfter),
      },
    ),
    measured: { 'time to Ready': [readyAfter, 's'] },
  })
}

/** Stops the daemon and its socket: socket activation would restart it. */
export function stopDaemon(node: string): Fault {
  const commands = {
    inject: 'systemctl stop docker.socket docker.service',
    recover: 'systemctl start docker.socket docker.service',
  }
  return {
    ...describedBy(say('the Docker daemon of {node} is stopped', { node })),
    summary: commands,
    host: node,
    become: true,
    recoverSeconds: 200,
    ...commands,
  }
}

export const nodeKilled = nodeFailure({
  id: 'swarm.node-killed',
  name: 'Power off a node',
  tag: 'node-killed',
  condition: 'loses power',
  hypothesis:
    'The manager receives no heartbeats from the node, marks it Down after about 15 s, and starts its replicas on other nodes. Requests routed to its replicas fail; all others succeed.',
  fault: (on, node) => faultsOf(on, node).powerLoss,
})

export const daemonStopped = nodeFailure({
  id: 'swarm.daemon-stopped',
  name: 'Stop the Docker daemon of a node',
  tag: 'daemon-stopped',
  condition: 'has its Docker daemon stopped',
  hypothesis:
    'A graceful shutdown of the daemon stops the containers and closes the session with the manager, so the node is Down sooner than after a power cut.',
  fault: (_on, node) => stopDaemon(node),
})

export const nodeCutOff = nodeFailure({
  id: 'swarm.node-cut-off',
  name: 'Partition a node from the network',
  tag: 'node-cut-off',
  condition: 'is partitioned from the network',
  hypothesis:
    'To the manager a partitioned node looks like one without power. Its containers keep running until the node is reachable again and Swarm stops them.',
  fault: (on, node) => faultsOf(on, node).partition,
})
