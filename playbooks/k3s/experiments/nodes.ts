import { experiment, onHosts, type CareContext, type ExperimentContext } from '../../../src/labbook.ts'
import { making, mending } from '../../../src/lab/faults.ts'
import { faultsOf } from '../../lab/faults.ts'
import { losesPower } from '../../swarm/experiments/support/disturbs.ts'
import { underWatch, type Watching } from '../../swarm/experiments/support/watching.ts'
import { podsCommand } from '../proof.ts'
import { isReadyNode, readNodes, readPods } from '../seen.ts'
import {
  allWell,
  cluster,
  lastAgent,
  nodesCommand,
  podsElsewhere,
  seconds,
  servingOf,
  spread,
  subject,
  victim,
  watched,
} from './support/cluster.ts'

/** How long pods are given to come back by themselves before it is said that they do not. */
const WAIT_SECONDS = 20
/** What gives the node that was away its pods again. */
const RESTARTED = 'all pods of the Counter app are restarted'

/** Pods of the app on a node, some time after it is back. */
async function returning(on: ExperimentContext, node: string) {
  const { at, k, namespace } = subject(on)
  await on.pause(WAIT_SECONDS, `pods to return to ${node}, which must not happen`)
  const exhibit = await on.exhibit({
    ...at,
    title: `Pods ${WAIT_SECONDS} s after ${node} is back`,
    command: podsCommand(k, namespace),
  })
  const count = servingOf(readPods(exhibit.stdout)).filter((pod) => pod.node === node).length
  return {
    holds: exhibit.exitCode === 0 ? count === 0 : null,
    exhibit,
    detail: `${count} pods of the app on ${node} ${WAIT_SECONDS} s after it was back`,
  }
}

/**
 * Restarted, pods are placed anew. Told, and waited for in short looks: a command that waits itself would keep all else
 * on this line waiting.
 */
async function restart(on: ExperimentContext, { mark }: Watching) {
  const { at, k, within, namespace, wanted } = subject(on)
  const old = readPods((await on.look({ ...at, command: podsCommand(k, namespace) })).stdout).map(({ uid }) => uid)
  const told = await on.exhibit({
    ...at,
    title: 'Restart of all pods',
    command: k(`rollout restart deployment/counter ${within}`),
  })
  mark('restart')
  const done = await podsElsewhere(on, 'Pods after the restart', { not: old, wanted })
  mark('restarted')
  return { told, done, pods: readPods(done.exhibit.stdout) }
}

/** Without a machine that may be taken away, nothing is begun. */
async function wellWithVictim(on: CareContext): Promise<void> {
  victim(on)
  await allWell(on)
}

/** Work is taken off a node, the node is given back, and it is looked whether the work returns. */
export const nodeDrained = experiment(
  'A node is drained and uncordoned',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-drain', 'proof'],
    disturbs: (on) => [
      ...onHosts(lastAgent(on), 'is drained, so that its pods move to other nodes, and uncordoned'),
      ...cluster(RESTARTED)(on),
    ],
    hypothesis:
      'Pods are asked to leave one after another, as the disruption budget allows, and others take their place first. Kubernetes does not move pods that ' +
      'run: when the node is schedulable again, they stay where they are, until something makes new ones.',
    proves: {
      'k3s.drain.evacuates': 'After a drain no pod of the app is left on the node, and all run elsewhere',
      'k3s.uncordon.does-not-return': 'After the node is uncordoned, pods do not come back by themselves',
      'k3s.restart.rebalances': 'A restart of the Deployment brings pods back to the node',
    },
    start: wellWithVictim,
    restore: async (on) => {
      const { at, k } = subject(on)
      await on.look({ ...at, command: k(`uncordon ${victim(on).node}`) })
    },
  },
  async (on) => {
    const { at, k, namespace } = subject(on)
    const { node } = victim(on)
    const { value, exhibit, fared } = await underWatch(
      on,
      { title: `Timeline: ${node} drained and uncordoned`, cluster: await watched(on) },
      async (watching) => {
        const { mark, now } = watching
        const before = await on.exhibit({ ...at, title: 'Pods before the drain', command: podsCommand(k, namespace) })
        const began = now()
        // In the background: a drain waits, and this line is needed to look meanwhile.
        const drained = await on.exhibit({ ...at, title: `${node} is cordoned`, command: k(`cordon ${node}`) })
        await on.look({
          ...at,
          command: `nohup ${k(`drain ${node} --ignore-daemonsets --delete-emptydir-data --timeout=180s`)} >/tmp/labbook-drain.log 2>&1 </dev/null &`,
        })
        mark(`drain of ${node}`)
        const left = await on.watch({
          ...at,
          title: `No pod left on ${node}`,
          command: podsCommand(k, namespace),
          within: 200,
          until: ({ stdout, exitCode }) => exitCode === 0 && readPods(stdout).every((pod) => pod.node !== node),
        })
        mark(`${node} empty`)
        const empty = now() - began
        const elsewhere = await podsElsewhere(on, 'Pods during the drain', { without: [node] })
        const emptyAt = now()
        mark('all pods run elsewhere')
        const log = await on.exhibit({
          ...at,
          title: 'What the drain said',
          command: 'cat /tmp/labbook-drain.log; rm -f /tmp/labbook-drain.log',
        })
        const nodes = await on.exhibit({ ...at, title: 'Nodes during the drain', command: k('get nodes -o wide') })
        const uncordoned = await on.exhibit({ ...at, title: `${node} is uncordoned`, command: k(`uncordon ${node}`) })
        mark(`${node} uncordoned`)
        const returned = await returning(on, node)
        const restarted = await restart(on, watching)
        return { before, drained, left, empty, elsewhere, emptyAt, log, nodes, uncordoned, returned, restarted }
      },
    )
    const { before, drained, left, empty, elsewhere, emptyAt, log, nodes, uncordoned, returned, restarted } = value
    const through = fared({ to: emptyAt })
    on.finding('k3s.drain.evacuates', {
      holds: drained.exitCode === 0 && left.reached && elsewhere.reached,
      evidence: [before, drained, left.exhibit, elsewhere.exhibit, log, nodes, exhibit],
      detail: `${node} was empty after ${seconds(empty)}, all pods ran elsewhere after ${seconds(emptyAt)}; meanwhile ${through.failed} of ${through.sent} requests failed`,
      measured: { 'time to empty': [empty, 's'], 'failed requests': [through.failed, ''] },
    })
    on.finding('k3s.uncordon.does-not-return', {
      holds: uncordoned.exitCode === 0 ? returned.holds : null,
      evidence: [uncordoned, returned.exhibit, exhibit],
      detail: returned.detail,
    })
    on.finding('k3s.restart.rebalances', {
      holds:
        restarted.told.exitCode === 0 &&
        restarted.done.reached &&
        servingOf(restarted.pods).some((pod) => pod.node === node),
      evidence: [restarted.told, restarted.done.exhibit, exhibit],
      detail: `pods by node: ${spread(restarted.pods)}`,
    })
  },
)

/** A node loses its power, and gets it back. */
export const nodeKilled = experiment(
  'A node of the cluster loses its power',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-node-killed', 'proof'],
    disturbs: (on) => [...losesPower(on, lastAgent(on)), ...cluster(RESTARTED)(on)],
    hypothesis:
      "The node's heartbeats stay away; after 40 to 50 s it is called NotReady and its pods get no more requests. They are evicted when their toleration is " +
      'over (30 s here, 300 s by default), and others start elsewhere. Until NotReady, requests that are sent to them wait in vain.',
    proves: {
      'k3s.node-killed.replaced': "After a node loses its power, all pods run on the other nodes without anyone's help",
      'k3s.node-killed.stays-away':
        'When the node is back it is ready again, and pods do not come back to it by themselves',
    },
    start: wellWithVictim,
    restore: async (on) => {
      const { at, k, within } = subject(on)
      const { node, host } = victim(on)
      await on.look(mending(faultsOf(on, host).powerOff))
      await on.watch({
        ...at,
        title: `${node} is ready again`,
        command: nodesCommand(on),
        within: 240,
        until: ({ stdout }) => readNodes(stdout).some((each) => each.name === node && isReadyNode(each)),
      })
      // Not all came back by themselves: spread them as they were.
      await on.look({ ...at, command: k(`rollout restart deployment/counter ${within}`) })
    },
  },
  async (on) => {
    const { at, k, namespace } = subject(on)
    const { node, host } = victim(on)
    const fault = faultsOf(on, host).powerOff
    const { value, exhibit, increments, fared } = await underWatch(
      on,
      { title: `Timeline: ${fault.says}`, cluster: await watched(on) },
      async ({ mark, now }) => {
        const before = await on.exhibit({ ...at, title: 'Pods before the loss', command: podsCommand(k, namespace) })
        const lostAt = now()
        const made = await on.exhibit({ title: fault.says, ...making(fault) })
        if (made.exitCode !== 0)
          throw new Error(`could not be made to happen: ${fault.says} (see the exhibit "${made.id}")`)
        mark(fault.says)
        const down = await on.watch({
          ...at,
          title: `${node} is NotReady`,
          command: nodesCommand(on),
          within: 180,
          until: ({ stdout }) => readNodes(stdout).some((each) => each.name === node && !each.ready),
        })
        const downAfter = now() - lostAt
        mark(`${node} NotReady`)
        const elsewhere = await podsElsewhere(on, 'Pods on the other nodes', { without: [node], within: 600 })
        const replacedAfter = now() - lostAt
        mark('all pods run')
        const end = now()
        const mended = await on.exhibit({ title: `${node} comes back`, ...mending(fault) })
        const back = await on.watch({
          ...at,
          title: `${node} is Ready`,
          command: nodesCommand(on),
          within: 300,
          until: ({ stdout }) => readNodes(stdout).some((each) => each.name === node && each.ready),
        })
        const backAfter = now() - end
        mark(`${node} Ready`)
        const returned = await returning(on, node)
        return {
          before,
          made,
          down,
          downAfter,
          elsewhere,
          replacedAfter,
          lostAt,
          end,
          mended,
          back,
          backAfter,
          returned,
        }
      },
    )
    const { before, made, down, downAfter, elsewhere, replacedAfter, lostAt, end, mended, back, backAfter, returned } =
      value
    const others = fared({ doors: (door) => door !== node, from: lostAt, to: end })
    on.finding('k3s.node-killed.replaced', {
      holds: down.reached && elsewhere.reached,
      evidence: [before, made, down.exhibit, elsewhere.exhibit, exhibit],
      detail:
        `NotReady after ${seconds(downAfter)}, all pods elsewhere after ${seconds(replacedAfter)}; through the other nodes ${others.failed} of ${others.sent} requests ` +
        `failed (longest outage ${seconds(others.outage)}); ${increments.lost} acknowledged increments lost`,
      measured: {
        'time to NotReady': [downAfter, 's'],
        'time to all pods': [replacedAfter, 's'],
        'failed requests through other nodes': [others.failed, ''],
        'longest outage through other nodes': [others.outage, 's'],
      },
    })
    on.finding('k3s.node-killed.stays-away', {
      holds: back.reached ? returned.holds : false,
      evidence: [mended, back.exhibit, returned.exhibit, exhibit],
      detail: `ready again ${seconds(backAfter)} after it was given back; ${returned.detail}`,
      measured: { 'time to Ready': [backAfter, 's'] },
    })
  },
)
