import {
  disturbAll,
  type DisturbanceContext,
  durationMultiplierOf,
  type Experiment,
  experiment,
  type ExperimentContext,
  type SetupContext,
} from 'labbook'
import { injection, recovery } from 'labbook/lab'
import { isDown, isReady, NODES, seconds } from '../../swarm/experiments/support/cluster.ts'
import { disturbanceOf } from '../../swarm/experiments/support/disturbs.ts'
import { imageRegistry } from '../databases.ts'
import { KINDS, type ExperimentKind } from '../kinds.ts'
import type { StackService } from '../model.ts'
import { availability, maxOutage, observeStack, unlessPartitioned } from '../observe.ts'
import { fullName, isRunning, parseTasks, tasksCommand, serviceTasks, type StackTask } from '../services.ts'
import { awaitSteadyState, type ProveRun, type Session } from '../session.ts'
import { matchingNodes } from '../swarm-nodes.ts'
import { NODE_FAULTS, REGISTRY_BACK, registryAway, type NodeKind } from './node-faults.ts'
import { scaleCommand } from './scale.ts'
import { findingId, reportVerdict, requireSteadyState, titleIn, type ClaimVerdict } from './service-experiment.ts'

interface NodeExperiment {
  readonly kind: NodeKind
  readonly hypothesis: string
  /** Whether tasks must move to other nodes. Otherwise the node keeps them, and the fault ends after a while. */
  readonly moves: boolean
}

/** A finding about the stack as a whole. */
const STACK = { name: 'stack' }
const LOSES_NODE: ReadonlySet<ExperimentKind> = new Set(['power-cut', 'cut-off', 'daemon-stopped'])
const HOLD_SECONDS = 20
const MOVE_SECONDS = 150

const NODE_EXPERIMENTS: readonly NodeExperiment[] = [
  { kind: 'drain', moves: true, hypothesis: 'Swarm stops the tasks of a drained node and starts them on other nodes.' },
  {
    kind: 'power-cut',
    moves: true,
    hypothesis: 'Managers mark the node Down and start its tasks on other nodes. Entry points on other nodes answer.',
  },
  {
    kind: 'cut-off',
    moves: true,
    hypothesis: 'Managers mark the node Down and start its tasks on other nodes. Entry points on other nodes answer.',
  },
  {
    kind: 'daemon-stopped',
    moves: true,
    hypothesis: 'The daemon stops its containers, and managers start their tasks on other nodes.',
  },
  {
    kind: 'registry-away',
    moves: true,
    hypothesis: 'Nodes that have an image start its tasks without the registry.',
  },
  {
    kind: 'slow-network',
    moves: false,
    hypothesis: 'Entry points answer, more slowly.',
  },
  {
    kind: 'full-disk',
    moves: false,
    hypothesis: 'Running containers answer; the entry points on other nodes do not notice it.',
  },
  {
    kind: 'clock-step',
    moves: false,
    hypothesis: 'Neither the Swarm nor the services depend on equal clocks.',
  },
]

/** The experiments that disturb one node. */
export const nodeExperiments = (run: ProveRun, kinds: readonly string[]): Experiment[] =>
  NODE_EXPERIMENTS.filter(({ kind }) => kinds.includes(kind)).map((each) => nodeExperiment(run, each))

function nodeExperiment(run: ProveRun, { kind, hypothesis, moves }: NodeExperiment): Experiment {
  let node: string | undefined
  /** Services with one replica may run on another node, and global ones do not move. */
  const movable = (): readonly StackService[] =>
    moves ? run.targets(kind).filter((service) => service.mode === 'replicated') : []
  const isTried = (): boolean => run.targets(kind).length > 0
  const fault = (on: SetupContext, name: string) => NODE_FAULTS[kind](on, name)
  const assertions = (): Record<string, string> => {
    if (!isTried()) return {}
    const claims = movable().map(({ name }): [string, string] => [
      findingId(run.prefix, kind, 'moves', name),
      kind === 'registry-away'
        ? `Tasks of ${name} start on other nodes without the registry`
        : `Tasks of ${name} run on other nodes`,
    ])
    if (run.inspected.targets.length > 0)
      claims.push([
        findingId(run.prefix, kind, 'available', STACK.name),
        'Entry points on other nodes answer meanwhile',
      ])
    claims.push([findingId(run.prefix, kind, 'recovers', STACK.name), 'The stack recovers by itself afterwards'])
    return Object.fromEntries(claims)
  }
  return experiment(
    titleIn(run, kind),
    {
      hosts: 'swarm_managers[0]',
      tags: ['prove', kind, 'proof'],
      disturbs: (on) => disturbancesOf(on, kind),
      hypothesis,
      assertions,
      steadyState: async (on) => {
        if (!isTried()) return
        await requireSteadyState(on, run.inspected)
        node = await targetNode(on, run)
        await placeTasksOn(on, run.inspected, movable(), node)
      },
      rollback: async (on) => {
        if (node === undefined) return
        if (kind === 'registry-away')
          for (const host of on.groups.swarm ?? []) await on.exec({ host, command: REGISTRY_BACK })
        await on.exec(recovery(fault(on, node)))
        await watchReady(on, node)
        await awaitSteadyState(on, run.inspected)
      },
    },
    async (on) => {
      if (node === undefined) return
      const session = run.inspected
      const verdicts = await disturbNode(on, session, kind, node, movable(), moves)
      for (const { name } of movable())
        reportVerdict(on, run, kind, 'moves', { name }, { moves: verdicts.moves.get(name) as ClaimVerdict })
      if (session.targets.length > 0)
        reportVerdict(on, run, kind, 'available', STACK, { available: verdicts.available })
      reportVerdict(on, run, kind, 'recovers', STACK, { recovers: verdicts.recovers })
    },
  )
}

/** Which worker it will be depends on where tasks of stateful services run. */
function disturbancesOf(on: DisturbanceContext, kind: NodeKind) {
  const workers = on.groups.swarm_workers ?? []
  if (kind === 'registry-away') return disturbAll(on.groups.swarm ?? [], KINDS[kind].effect(''))
  if (kind === 'power-cut' || kind === 'cut-off')
    return workers.map((name) => disturbanceOf(NODE_FAULTS[kind](on, name), name))
  return disturbAll(workers, KINDS[kind].effect(''))
}

/** The last worker without a task of a stateful service that is not named. @throws if there is none. */
async function targetNode(on: SetupContext, run: ProveRun): Promise<string> {
  const { model, stack } = run.inspected
  const untouchable = model.services.filter(
    ({ role, name }) => role === 'stateful' && run.named?.includes(name) !== true,
  )
  const occupied = new Map<string, string>()
  for (const { name } of untouchable)
    for (const { node } of (await serviceTasks(on, fullName({ stack }, name))).filter(isRunning))
      occupied.set(node, name)
  const free = (on.groups.swarm_workers ?? []).filter((worker) => !occupied.has(worker))
  const node = free.at(-1)
  if (node !== undefined) return node
  throw new Error(
    (on.groups.swarm_workers ?? []).length === 0
      ? 'no worker: this experiment disturbs a node that is not the first manager'
      : `every worker runs a task of a stateful service (${[...occupied].map(([at, name]) => `${name} on ${at}`).join(', ')}): pin them to one node, or name them with -e services=...`,
  )
}

/**
 * Lets the node run a task of each service, as far as the services have more than one replica: Swarm does not move
 * tasks to a node that is back, so Labbook scales up by one and back.
 */
async function placeTasksOn(
  on: SetupContext,
  session: Session,
  services: readonly StackService[],
  node: string,
): Promise<void> {
  for (const service of services) {
    const { maxPerNode, replicas, constraints } = service
    const name = fullName(session, service.name)
    const limit = maxPerNode === 0 ? Infinity : maxPerNode * session.nodes.length
    const canRun = matchingNodes(session.nodes, constraints).some(({ hostname }) => hostname === node)
    const isThere = (await serviceTasks(on, name)).some((task) => isRunning(task) && task.node === node)
    if (isThere || !canRun || replicas < 2 || replicas >= limit) continue
    await on.exec({ command: scaleCommand(name, replicas + 1) })
    await on.watch({
      title: `Tasks of ${service.name} on ${node}`,
      command: tasksCommand(name),
      within: 60,
      until: ({ stdout }) => parseTasks(stdout).some((task) => isRunning(task) && task.node === node),
    })
    await on.exec({ command: scaleCommand(name, replicas) })
  }
  await requireSteadyState(on, session)
}

const watchReady = (on: SetupContext, node: string) =>
  on.watch({
    title: `Nodes until ${node} is Ready`,
    waitingFor: `${node} Ready`,
    command: NODES,
    within: 240,
    until: ({ stdout }) => isReady(stdout, node),
  })

/** Tasks of all services of the stack, by service. */
const allTasksCommand = (session: Session, services: readonly StackService[]): string =>
  services.map(({ name }) => `echo "== ${name}"; ${tasksCommand(fullName(session, name))}`).join('; ') || 'true'

const parseAllTasks = (stdout: string): Map<string, StackTask[]> =>
  new Map(
    stdout
      .split(/^== /m)
      .slice(1)
      .map((section) => [section.split('\n')[0] ?? '', parseTasks(section)]),
  )

const runElsewhere = (tasks: readonly StackTask[], node: string): number =>
  tasks.filter((task) => isRunning(task) && task.node !== node).length

async function disturbNode(
  on: ExperimentContext,
  session: Session,
  kind: NodeKind,
  node: string,
  services: readonly StackService[],
  moves: boolean,
) {
  const fault = NODE_FAULTS[kind](on, node)
  const command = allTasksCommand(session, services)
  const observed = await observeStack(
    on,
    session,
    `Timeline: ${titleOf(kind, fault.description)}`,
    async (watching) => {
      const { mark, now } = watching
      const before = await on.exhibit({ title: 'Tasks before', command })
      if (kind === 'registry-away') await blockRegistries(on, session)
      const began = now()
      const injected = await on.exhibit({ title: fault.description, ...injection(fault) })
      if (injected.exitCode !== 0)
        throw new Error(`cannot inject fault: ${fault.description} (see exhibit "${injected.id}")`)
      mark(fault.description)
      const after = moves
        ? await on.watch({
            title: `Tasks until all run without ${node}`,
            waitingFor: `the tasks of ${node} to run on other nodes`,
            command,
            within: MOVE_SECONDS,
            until: ({ stdout, exitCode }) =>
              exitCode === 0 && haveMoved(parseAllTasks(stdout), services, node, now() - began),
          })
        : undefined
      if (kind === 'power-cut' || kind === 'cut-off')
        await on.watch({
          title: `Nodes until ${node} is Down`,
          waitingFor: `${node} Down`,
          command: NODES,
          within: 120,
          until: ({ stdout }) => isDown(stdout, node),
        })
      if (!moves) await on.pause(HOLD_SECONDS * durationMultiplierOf(on.timeoutMultiplier), `effects on ${node}`)
      const until = now()
      mark(moves ? 'tasks run on other nodes' : 'fault ends')
      if (kind === 'registry-away')
        for (const host of on.groups.swarm ?? []) await on.exec({ host, command: REGISTRY_BACK })
      const recovered = await on.exhibit({ title: `Recover ${node}`, ...recovery(fault) })
      await watchReady(on, node)
      mark(`${node} Ready`)
      const problem = await awaitSteadyState(on, session)
      return { before, injected, after, began, until, recovered, problem, recoveredAfter: now() - until }
    },
  )
  const { before, injected, after, began, until, recovered, problem, recoveredAfter } = observed.value
  const tasks = parseAllTasks(after?.exhibit.stdout ?? '')
  const tasksBefore = parseAllTasks(before.stdout)
  const evidence = [before, injected, ...(after === undefined ? [] : [after.exhibit]), observed.exhibit]
  const movesVerdicts = new Map(
    services.map((service): [string, ClaimVerdict] => {
      const own = tasks.get(service.name) ?? []
      const count = runElsewhere(own, node)
      const blocked = own.find(({ state, error }) => state === 'pending' && error !== '')?.error ?? ''
      return [
        service.name,
        {
          holds: count >= service.replicas,
          evidence,
          detail: `${count} of ${service.replicas} tasks run on other nodes after ${seconds(until - began)}${blocked === '' ? '' : `: ${blocked}`}`,
          facts: { error: blocked },
        },
      ]
    }),
  )
  const alone = services.filter(({ name }) => runElsewhere(tasksBefore.get(name) ?? [], node) === 0)
  const outages = availability(observed, maxOutage(on), { from: began, to: until, without: node })
  const available: ClaimVerdict = {
    // A node that is lost is lost to the gossip, too.
    ...(LOSES_NODE.has(kind)
      ? { ...outages, evidence: [observed.exhibit] }
      : await unlessPartitioned(on, observed, outages)),
    facts: { alone: alone.map(({ name }) => name).join(',') },
  }
  const recovers: ClaimVerdict = {
    holds: problem === undefined,
    evidence: [recovered, observed.exhibit],
    detail: problem ?? `recovered after ${seconds(recoveredAfter)}`,
    measured: problem === undefined ? { 'time to recover': [recoveredAfter, 's'] } : {},
  }
  return { moves: movesVerdicts, available, recovers }
}

const titleOf = (kind: NodeKind, description: string): string =>
  kind === 'registry-away' ? `${description} without the registry` : description

/** Seconds for which a task may be unschedulable. */
const BLOCKED_SECONDS = 30

/** Whether all tasks run on other nodes, or cannot. */
function haveMoved(
  tasks: ReadonlyMap<string, readonly StackTask[]>,
  services: readonly StackService[],
  node: string,
  seconds: number,
): boolean {
  return services.every(({ name, replicas }) => {
    const own = tasks.get(name) ?? []
    const isBlocked = seconds > BLOCKED_SECONDS && own.some(({ state, error }) => state === 'pending' && error !== '')
    return runElsewhere(own, node) >= replicas || isBlocked
  })
}

/** Rejects connections from every node to the registries of the stack's images. */
async function blockRegistries(on: ExperimentContext, session: Session): Promise<void> {
  const registries = new Map<string, readonly [string, number]>()
  for (const { image } of session.model.services) {
    const { host, port } = imageRegistry(image)
    registries.set(`${host}:${port}`, [host, port])
  }
  for (const host of on.groups.swarm ?? []) {
    const { exitCode, id } = await on.exhibit({
      title: `Reject connections to the registry on ${host}`,
      host,
      command: registryAway([...registries.values()]),
    })
    if (exitCode !== 0) throw new Error(`cannot reject connections to the registry on ${host} (see exhibit "${id}")`)
  }
}
