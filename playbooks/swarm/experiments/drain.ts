import { experiment, longerWhere, onHosts, type Exhibit, type ExperimentContext } from '../../../src/labbook.ts'
import { look, replicasRun } from '../../app/proof.ts'
import {
  allWell,
  COUNTER,
  NODES,
  replicasElsewhere,
  replicasOn,
  seconds,
  SPREAD,
  UPDATE_STATE,
  victim,
} from './support/cluster.ts'
import { lastWorker, swarmNodes } from './support/disturbs.ts'
import { doorsOf, underWatch, type Watching } from './support/watching.ts'

/** How long it is watched whether replicas return by themselves. Swarm places tasks within a second of an event. */
const WATCH_SECONDS = 5

const tasksOn = (node: string): string => `docker node ps ${node} --format '{{.CurrentState}}\t{{.Name}}' | sort`

/** A drained task is wanted to stop at once; it is gone only when it has stopped. */
const allEnded = (states: string): boolean =>
  states
    .split('\n')
    .filter(Boolean)
    .every((line) => /^(Shutdown|Complete|Failed|Rejected|Orphaned|Remove)/.test(line))

const history = `docker service ps ${COUNTER}`

/** Takes the work off a node, gives the node back, and looks whether the work returns. */
export const drain = experiment(
  'Drain a node and bring it back',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'drain', 'proof'],
    disturbs: (on) => [
      ...onHosts(lastWorker(on), 'is drained, so that its tasks move to other nodes, and made active again'),
      ...swarmNodes('a forced update replaces all replicas of the Counter app')(on),
    ],
    hypothesis:
      'A drained node is emptied at once and its replicas start elsewhere. Swarm does not move running tasks, so they stay there ' +
      'when the node is active again, until an update makes new ones.',
    proves: {
      'swarm.drain.evacuates': 'After a drain no task is left on the node, and all replicas run elsewhere',
      'swarm.active.does-not-return': 'After the node is active again, replicas do not come back by themselves',
      'swarm.force-update.rebalances': 'A forced update brings replicas back to the node',
    },
    start: allWell,
    restore: async (on) => {
      const node = victim(on)
      await on.look({ command: `docker node update --availability active ${node}` })
    },
  },
  async (on) => {
    const node = victim(on)
    const before = [
      await on.exhibit({ title: 'Nodes in Active', command: NODES }),
      await on.exhibit({ title: 'Tasks before the drain', command: history }),
      await on.exhibit({ title: 'Spread before the drain', command: SPREAD }),
    ]
    const { value, exhibit, fared } = await underWatch(
      on,
      { title: `Timeline: ${node} drained and active again` },
      async (watching) => {
        const empty = await evacuate(on, node, watching)
        const emptyAt = watching.now()
        const activated = await on.exhibit({
          title: `Activate ${node}`,
          command: `docker node update --availability active ${node}`,
        })
        watching.mark(`${node} active`)
        const returned = await returning(on, node)
        const rebalanced = await rebalance(on, watching)
        return { empty, emptyAt, activated, returned, rebalanced }
      },
    )
    const { empty, emptyAt, activated, returned, rebalanced } = value
    const elsewhere = fared({ doors: (door) => door !== node, to: emptyAt })
    on.finding('swarm.drain.evacuates', {
      holds: empty.left.reached && empty.replicas.reached,
      evidence: [...before, ...empty.exhibits, exhibit],
      detail:
        `${node} was empty after ${seconds(empty.left.seconds)}, all replicas ran elsewhere after ${seconds(empty.left.seconds + empty.replicas.seconds)}; ` +
        `meanwhile ${elsewhere.failed} of ${elsewhere.sent} requests through the other nodes failed`,
      measured: {
        'time to empty': [empty.left.seconds, 's'],
        'reschedule time': [empty.left.seconds + empty.replicas.seconds, 's'],
        'failed requests': [elsewhere.failed, ''],
      },
    })
    on.finding('swarm.active.does-not-return', { ...returned, evidence: [activated, ...returned.evidence, exhibit] })
    on.finding('swarm.force-update.rebalances', {
      holds: rebalanced.ok && new RegExp(`\\b${node}\\b`).test(rebalanced.after.stdout),
      evidence: [...rebalanced.exhibits, rebalanced.after, exhibit],
      detail: `replicas by node: ${rebalanced.after.stdout
        .trim()
        .split('\n')
        .map((line) => line.trim())
        .join(', ')}`,
    })
  },
)

async function evacuate(on: ExperimentContext, node: string, { mark }: Watching) {
  const drained = await on.exhibit({
    title: `Drain ${node}`,
    command: `docker node update --availability drain ${node}`,
  })
  mark(`${node} drained`)
  const left = await on.watch({
    title: `No task left on ${node}`,
    awaits: `${node} to be empty`,
    command: tasksOn(node),
    within: 120,
    every: 0.5,
    until: ({ stdout, exitCode }) => exitCode === 0 && allEnded(stdout),
  })
  mark(`${node} empty`)
  const replicas = await replicasElsewhere(on, 'Replicas during the drain', [node])
  mark('all replicas run elsewhere')
  const nodes = await on.exhibit({ title: 'Nodes in Drain', command: NODES })
  const inspected = await on.exhibit({ title: `${node} inspected`, command: `docker node inspect --pretty ${node}` })
  const after = await on.exhibit({ title: 'Tasks during the drain', command: history })
  const answers = await look(
    on,
    doorsOf(on).filter((door) => door.node !== node),
    'Who answers during the drain',
  )
  const exhibits: Exhibit[] = [drained, left.exhibit, replicas.exhibit, nodes, inspected, after, answers.exhibit]
  return { left, replicas, exhibits }
}

async function returning(on: ExperimentContext, node: string) {
  const watched = WATCH_SECONDS * longerWhere(on.slowdown)
  await on.pause(watched, `replicas on ${node}`)
  const after = await on.exhibit({ title: `Replicas on ${node} after it is active`, command: replicasOn(node) })
  const returned = after.stdout.split('\n').filter((line) => line.trim() !== '').length
  return {
    holds: after.exitCode === 0 ? returned === 0 : null,
    evidence: [after],
    detail: `${returned} replicas on ${node} after ${watched} s of being active again`,
  }
}

/** Not awaited by the command itself, which would keep all else on this line waiting. */
async function rebalance(on: ExperimentContext, { mark }: Watching) {
  const forced = await on.exhibit({
    title: 'Force an update',
    command: `docker service update --detach --quiet --force ${COUNTER}`,
  })
  mark('forced update')
  const done = await on.watch({
    title: 'The forced update is done',
    awaits: 'the update to complete',
    command: UPDATE_STATE,
    within: 240,
    every: 1,
    until: ({ stdout }) => stdout.startsWith('completed'),
  })
  const { reached, exhibit: running } = await replicasRun(on, 'Replicas after the forced update')
  mark('update done')
  const after = await on.exhibit({ title: 'Spread after the forced update', command: SPREAD })
  return { ok: forced.exitCode === 0 && done.reached && reached, exhibits: [forced, done.exhibit, running], after }
}
