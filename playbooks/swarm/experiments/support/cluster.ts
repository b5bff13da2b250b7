import { PlaybookError, type CareContext, type Watched } from '../../../../src/labbook.ts'
import { settled } from '../../../app/proof.ts'
import { appVars, STACK } from '../../../app/stack.ts'

export const COUNTER = `${STACK}_counter`

/**
 * The node that is to lose something: the last worker, so that the manager we speak to and Redis with its volume stay.
 */
export function victim({ groups }: Pick<CareContext, 'groups'>): string {
  const node = groups.swarm_workers?.at(-1)
  if (node === undefined)
    throw new PlaybookError('there is no worker in group swarm_workers to take away: an experiment needs one')
  return node
}

export const manager = ({ hosts }: Pick<CareContext, 'hosts'>): string => hosts[0] as string

/** How many replicas the inventory asks for. */
export const wantedReplicas = (on: Pick<CareContext, 'hosts' | 'hostvars'>): number =>
  appVars(on.hostvars(manager(on))).counter_replicas

/** How many replicas the nodes may have together. */
export function roomFor(on: Pick<CareContext, 'groups' | 'hosts' | 'hostvars'>): number {
  const { counter_max_per_node: most } = appVars(on.hostvars(manager(on)))
  return most === 0 ? Infinity : most * (on.groups.swarm ?? []).length
}

export const scaleTo = (replicas: number): string => `docker service scale --detach ${COUNTER}=${replicas}`

export const NODES = `docker node ls --format 'table {{.Hostname}}\\t{{.Status}}\\t{{.Availability}}\\t{{.ManagerStatus}}'`

/** Every node is up, and the app is as it was deployed: what each experiment begins with, and ends with. */
export async function allWell(on: CareContext): Promise<void> {
  const wanted = on.groups.swarm ?? []
  const nodes = await on.watch({
    title: 'Nodes before',
    command: NODES,
    within: 60,
    until: ({ stdout }) => wanted.every((name) => isReady(stdout, name)),
  })
  if (!nodes.reached)
    throw new Error(`not begun: not every node is ready and active (see the exhibit "${nodes.exhibit.id}")`)
  const [why] = await settled(on)
  if (why !== undefined) throw new Error(`not begun: the app does not answer through every node (${why})`)
}

export const isReady = (nodes: string, name: string): boolean =>
  new RegExp(`^${name}\\s+Ready\\s+Active\\b`, 'm').test(nodes)
export const isDown = (nodes: string, name: string): boolean => new RegExp(`^${name}\\s+Down\\b`, 'm').test(nodes)

const running = (filter = ''): string =>
  `docker service ps ${COUNTER} --filter desired-state=running ${filter}--format '{{.Name}} {{.Node}} {{.CurrentState}}'`

/** Waits until as many replicas run as wanted, none of them on the nodes named. */
export function replicasElsewhere(
  on: CareContext,
  title: string,
  without: readonly string[] = [],
  within = 180,
): Promise<Watched> {
  const wanted = wantedReplicas(on)
  return on.watch({
    title,
    command: running(),
    within,
    until: ({ stdout }) => runningLines(stdout, without).length >= wanted,
  })
}

export const runningLines = (stdout: string, without: readonly string[] = []): string[] =>
  stdout.split('\n').filter((line) => / Running /.test(line) && !without.includes(line.split(' ')[1] ?? ''))

/** The replicas that are to be on a node. */
export const replicasOn = (node: string): string => running(`--filter node=${node} `)

/**
 * Gives a node that is back a replica again, as they do not come back to it by themselves: one more is wanted for a
 * while, which is started where the fewest are and then ended where the most are. (A forced update would start all of
 * them anew, one after the other.) Not while others take the place of lost ones, nor while managers that have not
 * missed the node yet count its own as running.
 */
export async function spreadAgain(on: CareContext, node: string): Promise<void> {
  const wanted = wantedReplicas(on)
  await replicasElsewhere(on, 'All replicas run again', [], 120)
  const { stdout: own } = await on.look({ command: replicasOn(node) })
  if (own.trim() !== '' || roomFor(on) <= wanted) return
  try {
    await on.look({ command: scaleTo(wanted + 1) })
    await on.watch({
      title: `A replica for ${node}`,
      command: replicasOn(node),
      within: 180,
      until: ({ stdout }) => runningLines(stdout).length > 0,
    })
  } finally {
    await on.look({ command: scaleTo(wanted) })
  }
}

/** How many replicas each node has. */
export const SPREAD = `docker service ps ${COUNTER} --filter desired-state=running --format '{{.Node}}' | sort | uniq -c`

export const seconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} s`

/** `completed`, `updating`, `rollback_completed`, ..., and Docker's word on it. */
export const UPDATE_STATE = `docker service inspect ${COUNTER} --format '{{with .UpdateStatus}}{{.State}} {{.Message}}{{else}}none{{end}}'`
