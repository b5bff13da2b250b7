import { disturbAll, type DisturbanceContext, type Experiment } from 'labbook'
import { type LabSetupContext, labExperiment, type LabText, type MessageKey, say } from '../../messages/say.ts'
import { recoverFrom, undoOn } from '../../lab/recover.ts'
import { KINDS } from '../kinds.ts'
import type { StackService } from '../model.ts'
import type { ProveRun } from '../session.ts'
import { watchReady } from '../../methods/nodes.ts'
import { disturbNode } from './disturb-node.ts'
import { NODE_FAULTS, REGISTRY_BACK, type NodeKind } from '../../methods/node-faults.ts'
import type { ClaimVerdict } from '../../methods/experiment-series.ts'
import { titleIn } from './service-experiment.ts'
import { placeTasksOn, targetNode } from './target-node.ts'
import { awaitSteadyState, requireSteadyState } from '../../methods/steady-state.ts'
import { disturbanceOf } from '../../lab/faults.ts'

interface NodeExperiment {
  readonly kind: NodeKind
  readonly hypothesis: MessageKey
  /** Whether tasks must move to other nodes. Otherwise the node keeps them, and the fault ends after a while. */
  readonly moves: boolean
}

/** A finding about the stack as a whole. */
const STACK = 'stack'

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
  const assertions = (): Record<string, LabText> => {
    if (!isTried()) return {}
    const claims = movable().map(({ name }): [string, LabText] => [
      run.findingId(kind, 'moves', name),
      kind === 'registry-away'
        ? say('Tasks of {name} start on other nodes without the registry', { name })
        : say('Tasks of {name} run on other nodes', { name }),
    ])
    if (run.inspected.targets.length > 0)
      claims.push([run.findingId(kind, 'available', STACK), 'Entry points on other nodes answer meanwhile'])
    claims.push([run.findingId(kind, 'recovers', STACK), 'The stack recovers by itself afterwards'])
    return Object.fromEntries(claims)
  }
  return labExperiment(
    titleIn(run, kind),
    {
      hosts: 'swarm_managers[0]',
      tags: ['prove', kind, 'proof'],
      disturbs: (on) => disturbancesOf(on, kind, moves),
      hypothesis,
      assertions,
      steadyState: async (on) => {
        if (!isTried()) return
        await requireSteadyState(on, run.inspected)
        node = await targetNode(on, run, run.targets(kind))
      },
      rollback: async (on) => {
        if (node === undefined) return
        await undoFault(on, kind, node)
        await watchReady(on, node)
        await awaitSteadyState(on, run.inspected)
      },
    },
    async (on) => {
      if (node === undefined) return
      const session = run.inspected
      await placeTasksOn(on, session, movable(), node)
      const verdicts = await disturbNode(on, session, kind, node, movable(), moves)
      for (const { name } of movable()) run.report(on, kind, 'moves', name, verdicts.moves.get(name) as ClaimVerdict)
      if (session.targets.length > 0) run.report(on, kind, 'available', STACK, verdicts.available)
      run.report(on, kind, 'recovers', STACK, verdicts.recovers)
    },
  )
}

/**
 * Recovers every host that can be reached.
 *
 * @throws what failed first, after all were tried.
 */
export async function undoFault(
  on: Pick<LabSetupContext, 'exec' | 'groups' | 'hostvars' | 'hosts'>,
  kind: NodeKind,
  node: string,
): Promise<void> {
  const others = kind === 'registry-away' ? (on.groups.swarm ?? []) : []
  const undone = others.map((host) => undoOn(on, host, { host, command: REGISTRY_BACK }))
  await Promise.allSettled(undone)
  await recoverFrom(on, node, NODE_FAULTS[kind](on, node))
  await Promise.all(undone)
}

/** Which worker it will be depends on where tasks of stateful services run. */
function disturbancesOf(on: DisturbanceContext, kind: NodeKind, moves: boolean) {
  const workers = on.groups.swarm_workers ?? []
  const swarm = on.groups.swarm ?? []
  // See `placeTasksOn`. Without a worker, there is no node to disturb.
  const spread =
    moves && workers.length > 0 ? disturbAll(swarm, 'tasks of services with several replicas are replaced first') : []
  if (kind === 'registry-away') return [...disturbAll(swarm, KINDS[kind].effect('')), ...spread]
  if (kind === 'power-cut' || kind === 'cut-off')
    return [...workers.map((name) => disturbanceOf(NODE_FAULTS[kind](on, name), name)), ...spread]
  return [...disturbAll(workers, KINDS[kind].effect('')), ...spread]
}
