import { disturbAll, durationMultiplierOf, type Exhibit } from 'labbook'
import { labExperiment, type LabContext, say, inSeconds } from '../../messages/say.ts'
import { checkReplicas, watchReplicas } from '../../app/proof.ts'
import {
  checkSteadyState,
  COUNTER,
  NODES,
  waitForReplicas,
  replicasCommand,
  SPREAD,
  UPDATE_STATE,
  targetNode,
} from './support/cluster.ts'
import { lastWorker, disturbSwarmNodes } from './support/disturbs.ts'
import type { TimelineRecorder } from '../../methods/observe.ts'
import { observeApp } from './support/observe-app.ts'
import { appEndpoints } from '../../app/entry-points.ts'

/** Time in which replicas could return. Swarm schedules tasks within a second of an event. */
const OBSERVATION_SECONDS = 5

const tasksOn = (node: string): string => `docker node ps ${node} --format '{{.CurrentState}}\t{{.Name}}' | sort`

/** Draining sets the desired state at once; the node is empty only when the tasks have stopped. */
const allStopped = (states: string): boolean =>
  states
    .split('\n')
    .filter(Boolean)
    .every((line) => /^(Shutdown|Complete|Failed|Rejected|Orphaned|Remove)/.test(line))

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
      await on.exec({ command: `docker node update --availability active ${node}` })
    },
  },
  async (on) => {
    const node = targetNode(on)
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
        const activated = await on.exhibit({
          title: say('Activate {node}', { node }),
          command: `docker node update --availability active ${node}`,
        })
        watching.mark(say('{node} active', { node }))
        const returned = await countReturned(on, node)
        const rebalanced = await rebalance(on, watching)
        return { evacuated, emptyAt, activated, returned, rebalanced }
      },
    )
    const { evacuated, emptyAt, activated, returned, rebalanced } = value
    const elsewhere = requestStats({ endpoints: (endpoint) => endpoint !== node, to: emptyAt })
    on.finding('swarm.drain.evacuates', {
      holds: evacuated.emptied.reached && evacuated.replicas.reached,
      evidence: [...before, ...evacuated.exhibits, exhibit],
      detail: say(
        '{node} ran no task after {emptied}; all replicas ran on other nodes after {replicas}; {failed} of {sent} requests through other nodes failed meanwhile',
        {
          node,
          emptied: inSeconds(evacuated.emptied.seconds),
          replicas: inSeconds(evacuated.emptied.seconds + evacuated.replicas.seconds),
          failed: elsewhere.failed,
          sent: elsewhere.sent,
        },
      ),
      measured: {
        'time to empty': [evacuated.emptied.seconds, 's'],
        'reschedule time': [evacuated.emptied.seconds + evacuated.replicas.seconds, 's'],
        'failed requests': [elsewhere.failed, ''],
      },
    })
    on.finding('swarm.active.does-not-return', { ...returned, evidence: [activated, ...returned.evidence, exhibit] })
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

async function evacuate(on: LabContext, node: string, { mark }: TimelineRecorder) {
  const drained = await on.exhibit({
    title: say('Drain {node}', { node }),
    command: `docker node update --availability drain ${node}`,
  })
  mark(say('{node} drained', { node }))
  const emptied = await on.watch({
    title: say('Tasks left on {node}', { node }),
    waitingFor: `${node} to be empty`,
    command: tasksOn(node),
    within: 120,
    every: 0.5,
    until: ({ stdout, exitCode }) => exitCode === 0 && allStopped(stdout),
  })
  mark(say('{node} empty', { node }))
  const replicas = await waitForReplicas(on, 'Replicas during the drain', [node])
  mark('all replicas run on other nodes')
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
  const exhibits: Exhibit[] = [
    drained,
    emptied.exhibit,
    replicas.exhibit,
    nodes,
    inspected,
    containers,
    after,
    answers.exhibit,
  ]
  return { emptied, replicas, exhibits }
}

async function countReturned(on: LabContext, node: string) {
  const observed = OBSERVATION_SECONDS * durationMultiplierOf(on.timeoutMultiplier)
  await on.pause(observed, `replicas on ${node}`)
  const after = await on.exhibit({
    title: say('Replicas on {node} after activation', { node }),
    command: replicasCommand(node),
  })
  const returned = after.stdout.split('\n').filter((line) => line.trim() !== '').length
  return {
    holds: after.exitCode === 0 ? returned === 0 : null,
    evidence: [after],
    detail: say('{returned} replicas on {node} {observed} s after activation', { returned, node, observed }),
  }
}

/** Runs detached and polls: a command that waits would block the connection for all other commands. */
async function rebalance(on: LabContext, { mark }: TimelineRecorder) {
  const forced = await on.exhibit({
    title: 'Force an update',
    command: `docker service update --detach --quiet --force ${COUNTER}`,
  })
  mark('forced update')
  const done = await on.watch({
    title: 'Status of the forced update',
    waitingFor: 'the update to complete',
    command: UPDATE_STATE,
    within: 240,
    every: 1,
    until: ({ stdout }) => stdout.startsWith('completed'),
  })
  const { reached, exhibit: running } = await watchReplicas(on, 'Replicas after the forced update')
  mark('update completed')
  const after = await on.exhibit({ title: 'Replicas per node after the forced update', command: SPREAD })
  return { ok: forced.exitCode === 0 && done.reached && reached, exhibits: [forced, done.exhibit, running], after }
}
