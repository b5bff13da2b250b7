import {
  experiment,
  longerWhere,
  type DisturbanceContext,
  type Experiment,
  type ExperimentContext,
} from '../../../src/labbook.ts'
import { making, mending, type Fault } from '../../../src/lab/faults.ts'
import { faultsOf } from '../../lab/faults.ts'
import {
  allWell,
  COUNTER,
  isDown,
  isReady,
  NODES,
  replicasElsewhere,
  replicasOn,
  seconds,
  spreadAgain,
  victim,
} from './support/cluster.ts'
import { lastWorker, struck } from './support/disturbs.ts'
import { underWatch } from './support/watching.ts'

/**
 * How long it is watched whether replicas return by themselves to a node that is Ready again. Swarm places tasks within
 * a second of an event.
 */
const WATCH_SECONDS = 5

interface Loss {
  readonly id: string
  readonly name: string
  readonly tag: string
  readonly hypothesis: string
  /** What happens to the node, in the words of the findings. */
  readonly lost: string
  readonly fault: (on: Pick<DisturbanceContext, 'groups' | 'hostvars'>, node: string) => Fault
}

/** A node is lost in some way, and comes back. */
const lossOf = ({ id, name, tag, hypothesis, lost, fault }: Loss): Experiment =>
  experiment(
    name,
    {
      hosts: 'swarm_managers[0]',
      tags: ['experiments', tag, 'proof'],
      disturbs: (on) => lastWorker(on).map((node) => struck(fault(on, node), node)),
      hypothesis,
      proves: {
        [`${id}.replaced`]: `After a node ${lost}, all replicas run on the other nodes without anyone's help`,
        [`${id}.stays-away`]:
          'When the node is back it is a ready member again, and replicas do not come back to it by themselves',
      },
      start: allWell,
      restore: async (on) => {
        const node = victim(on)
        await on.look(mending(fault(on, node)))
        await on.watch({
          title: `${node} is a member again`,
          command: NODES,
          within: 120,
          until: ({ stdout }) => isReady(stdout, node),
        })
        await spreadAgain(on, node)
      },
    },
    (on) => lose(on, id, fault(on, victim(on))),
  )

async function lose(on: ExperimentContext, id: string, fault: Fault): Promise<void> {
  const node = victim(on)
  const tasks = `docker service ps ${COUNTER}`
  const { value, exhibit, increments, fared } = await underWatch(
    on,
    { title: `Timeline: ${fault.says}` },
    async ({ mark, now }) => {
      const before = await on.exhibit({ title: 'Tasks before', command: tasks })
      const lostAt = now()
      const made = await on.exhibit({ title: fault.says, ...making(fault) })
      if (made.exitCode !== 0)
        throw new Error(`could not be made to happen: ${fault.says} (see the exhibit "${made.id}")`)
      mark(fault.says)
      const down = await on.watch({
        title: `${node} is Down`,
        awaits: `${node} Down`,
        command: NODES,
        within: 120,
        until: ({ stdout }) => isDown(stdout, node),
      })
      const downAfter = now() - lostAt
      mark(`${node} Down`)
      const replicas = await replicasElsewhere(on, 'Replicas on the other nodes', [node])
      const replacedAfter = now() - lostAt
      mark('all replicas run')
      const after = await on.exhibit({ title: 'Tasks after', command: tasks })
      const end = now()
      const mended = await on.exhibit({ title: `${node} comes back`, ...mending(fault) })
      const back = await on.watch({
        title: `${node} is Ready`,
        awaits: `${node} Ready`,
        command: NODES,
        within: 240,
        until: ({ stdout }) => isReady(stdout, node),
      })
      mark(`${node} Ready`)
      const backAfter = now() - end
      await on.pause(WATCH_SECONDS * longerWhere(on.slowdown), `replicas on ${node}`)
      const returned = await on.exhibit({ title: `Replicas on ${node} after it is back`, command: replicasOn(node) })
      return {
        before,
        made,
        down,
        downAfter,
        replicas,
        replacedAfter,
        after,
        lostAt,
        end,
        mended,
        back,
        backAfter,
        returned,
      }
    },
  )
  const {
    before,
    made,
    down,
    downAfter,
    replicas,
    replacedAfter,
    after,
    lostAt,
    end,
    mended,
    back,
    backAfter,
    returned,
  } = value
  const others = fared({ doors: (door) => door !== node, from: lostAt, to: end })
  const own = fared({ doors: (door) => door === node, from: lostAt, to: end })
  on.finding(`${id}.replaced`, {
    holds: down.reached && replicas.reached,
    evidence: [before, made, down.exhibit, replicas.exhibit, after, exhibit],
    detail:
      `Down after ${seconds(downAfter)}, all replicas elsewhere after ${seconds(replacedAfter)}; through the other nodes ${others.failed} of ${others.sent} requests ` +
      `failed (longest outage ${seconds(others.outage)}), through ${node} itself ${own.failed} of ${own.sent}; ${increments.lost} acknowledged increments lost`,
    measured: {
      'time to Down': [downAfter, 's'],
      'time to all replicas': [replacedAfter, 's'],
      'failed requests through other nodes': [others.failed, ''],
      'longest outage through other nodes': [others.outage, 's'],
    },
  })
  const count = returned.stdout.split('\n').filter((line) => line.trim() !== '').length
  on.finding(`${id}.stays-away`, {
    holds: back.reached && returned.exitCode === 0 ? count === 0 : back.reached ? null : false,
    evidence: [mended, back.exhibit, returned, exhibit],
    detail: `ready again ${seconds(backAfter)} after it was given back; ${count} replicas on it ${WATCH_SECONDS * longerWhere(on.slowdown)} s later`,
    measured: { 'time to Ready': [backAfter, 's'] },
  })
}

/** Stops the daemon as an operator would, its socket with it: else the next request would start it. */
function stopDaemon(node: string): Fault {
  const does = {
    make: 'systemctl stop docker.socket docker.service',
    mend: 'systemctl start docker.socket docker.service',
  }
  return {
    says: `the Docker daemon of ${node} is stopped`,
    how: does,
    host: node,
    become: true,
    mendSeconds: 200,
    ...does,
  }
}

export const nodeKilled = lossOf({
  id: 'swarm.node-killed',
  name: 'A node loses its power',
  tag: 'node-killed',
  lost: 'loses its power',
  hypothesis:
    "The manager misses the node's heartbeats, calls it Down after some 15 s, and starts its replicas elsewhere. Requests that were at its " +
    'replicas fail; the others are answered.',
  fault: (on, node) => faultsOf(on, node).powerOff,
})

export const daemonStopped = lossOf({
  id: 'swarm.daemon-stopped',
  name: "A node's Docker daemon is stopped",
  tag: 'daemon-stopped',
  lost: 'has its Docker daemon stopped',
  hypothesis:
    'A daemon that is stopped in order ends its containers and says goodbye, so the node is Down sooner than after a power cut.',
  fault: (_on, node) => stopDaemon(node),
})

export const nodeCutOff = lossOf({
  id: 'swarm.node-cut-off',
  name: 'A node is cut off from the network',
  tag: 'node-cut-off',
  lost: 'is cut off from the network',
  hypothesis:
    'To the manager a node that is cut off looks like one that has lost its power. Its containers go on running all the same, until it is ' +
    'back and is told to stop them.',
  fault: (on, node) => faultsOf(on, node).cutOff,
})
