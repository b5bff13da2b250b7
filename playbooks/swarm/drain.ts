import { setTimeout as sleep } from 'node:timers/promises'
import { experiment, PlaybookError, type ExperimentContext } from '../../src/labbook.ts'
import { endpoints, look, replicasRun, settled } from '../app/proof.ts'
import { STACK } from '../app/stack.ts'

/** How long work is given to come back by itself before it is said that it does not. */
const WAIT_SECONDS = 20

/** The node to drain: the last worker, so that the manager we speak to stays. */
function drained({ groups }: Pick<ExperimentContext, 'groups'>): string {
  const node = groups.swarm_workers?.at(-1)
  if (node === undefined) throw new PlaybookError('there is no worker in group swarm_workers to drain')
  return node
}

const tasksOn = (node: string): string => `docker node ps ${node} --format '{{.CurrentState}}\t{{.Name}}' | sort`

/** A drained task is wanted to stop at once; it is gone only when it has stopped. */
const allEnded = (states: string): boolean =>
  states.split('\n').filter(Boolean).every((line) => /^(Shutdown|Complete|Failed|Rejected|Orphaned|Remove)/.test(line))

const spread = `docker service ps ${STACK}_counter --filter desired-state=running --format '{{.Node}}' | sort | uniq -c`

/** Takes the work off a node, gives the node back, and looks whether the work returns. */
export const drain = experiment('Drain a node and bring it back', {
  hosts: 'swarm_managers[0]',
  tags: ['drain', 'proof'],
  proves: {
    'swarm.drain.evacuates': 'After a drain no task is left on the node, and all replicas run elsewhere',
    'swarm.active.does-not-return': 'After the node is active again, replicas do not come back by themselves',
    'swarm.force-update.rebalances': 'A forced update brings replicas back to the node',
  },
}, async (on) => {
  const node = drained(on)
  await settled(on)
  const before = await on.exhibit({ title: 'Spread before the drain', command: spread })
  const drain = await on.exhibit({ title: `Drain ${node}`, command: `docker node update --availability drain ${node}` })
  try {
    await evacuation(on, node, [before, drain])
  } finally {
    await on.exhibit({ title: `Activate ${node}`, command: `docker node update --availability active ${node}` })
  }
  await returning(on, node)
  await rebalance(on, node)
})

type Evidence = Awaited<ReturnType<ExperimentContext['exhibit']>>[]

async function evacuation(on: ExperimentContext, node: string, evidence: Evidence): Promise<void> {
  const empty = await on.watch({
    title: `No task left on ${node}`,
    command: tasksOn(node),
    within: 120,
    until: ({ stdout, exitCode }) => exitCode === 0 && allEnded(stdout),
  })
  const replicas = await replicasRun(on, 'Replicas during the drain')
  const answers = await look(on, endpoints(on).filter(({ host }) => host !== on.hostvars(node).ansible_host), 'Who answers during the drain')
  on.finding('swarm.drain.evacuates', {
    holds: empty.reached && replicas.reached,
    evidence: [...evidence, empty.exhibit, replicas.exhibit, answers.exhibit],
    detail: `${node} was empty after ${empty.seconds.toFixed(0)} s, ${replicas.wanted} replicas ran elsewhere after ` +
      `${(empty.seconds + replicas.seconds).toFixed(0)} s; then ${answers.errors.length} of ${answers.errors.length + answers.answers.length} requests failed`,
  })
}

async function returning(on: ExperimentContext, node: string): Promise<void> {
  await sleep(WAIT_SECONDS * 1000, undefined, { signal: on.signal })
  const after = await on.exhibit({
    title: `Replicas on ${node} after it is active`,
    command: `docker service ps ${STACK}_counter --filter desired-state=running --filter node=${node} --format '{{.Name}} {{.Node}} {{.CurrentState}}'`,
  })
  const returned = after.stdout.split('\n').filter((line) => line.trim() !== '').length
  on.finding('swarm.active.does-not-return', {
    holds: after.exitCode === 0 ? returned === 0 : null,
    evidence: [after],
    detail: `${returned} replicas on ${node} ${WAIT_SECONDS} s after it was active again`,
  })
}

async function rebalance(on: ExperimentContext, node: string): Promise<void> {
  const forced = await on.exhibit({
    title: 'Force an update',
    command: `docker service update --quiet --force ${STACK}_counter`,
    timeout: 300,
  })
  const { reached, exhibit: running } = await replicasRun(on, 'Replicas after the forced update')
  const after = await on.exhibit({ title: 'Spread after the forced update', command: spread })
  on.finding('swarm.force-update.rebalances', {
    holds: forced.exitCode === 0 && reached && new RegExp(`\\b${node}\\b`).test(after.stdout),
    evidence: [forced, running, after],
    detail: `replicas by node: ${after.stdout.trim().split('\n').map((line) => line.trim()).join(', ')}`,
  })
}
