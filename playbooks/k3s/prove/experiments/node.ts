import {
  disturbAll,
  type Disturbance,
  type DisturbanceContext,
  type Exhibit,
  type Experiment,
  MessageError,
} from 'labbook'
import { type Fault, recovery } from 'labbook/lab'
import { describedBy, disturbanceOf, faultsOf } from '../../../lab/faults.ts'
import { injectFault } from '../../../lab/inject-fault.ts'
import { recoverFrom } from '../../../lab/recover.ts'
import {
  inSeconds,
  type LabContext,
  labExperiment,
  type LabSetupContext,
  type LabText,
  type MessageKey,
  say,
} from '../../../messages/say.ts'
import { availability, maxOutage } from '../../../methods/verdicts.ts'
import type { ClaimVerdict } from '../../../methods/experiment-series.ts'
import { kubectl, nodeNameOf } from '../../cluster.ts'
import { isReadyNode, parseClusterNodes } from '../../objects.ts'
import { KUBERNETES, type KubernetesKind } from '../kinds.ts'
import { KUBERNETES_CLUSTER } from '../kubernetes.ts'
import type { Workload } from '../model.ts'
import { observeWorkloads } from '../observe.ts'
import {
  awaitSteadyState,
  currentState,
  requireSteadyState,
  type KubernetesRun,
  type KubernetesSession,
} from '../session.ts'
import { type ClusterState, readyPodsOf } from '../state.ts'
import { watchState } from './pods.ts'

type NodeKind = Extract<KubernetesKind, 'drain' | 'power-cut' | 'cut-off'>

const HYPOTHESES: Readonly<Record<NodeKind, MessageKey>> = {
  drain: 'Kubernetes evicts the pods of a drained node and starts others on other nodes.',
  'power-cut':
    'The node is NotReady after 40 to 50 s; its pods are evicted when their toleration expires, and others start elsewhere.',
  'cut-off':
    'The node is NotReady after 40 to 50 s; its pods are evicted when their toleration expires, and others start elsewhere.',
}
/** Kubernetes notices a lost node after 40 to 50 s. */
const NOTICED_SECONDS = 60
const START_SECONDS = 120
const DRAIN_SECONDS = 240
/** A finding about all workloads. */
const STACK = 'stack'

type Groups = Pick<LabSetupContext, 'groups' | 'hostvars'>

/** How a node is taken away. */
function faultOf(on: Groups, kind: NodeKind, host: string): Fault {
  if (kind !== 'drain') return faultsOf(on, host)[kind === 'power-cut' ? 'powerLoss' : 'partition']
  const { at, k } = kubectl(on)
  const node = nodeNameOf(on, host)
  const evict = k(`drain ${node} --ignore-daemonsets --delete-emptydir-data --force --timeout=${DRAIN_SECONDS}s`)
  const [inject, recover] = [k(`cordon ${node}`), k(`uncordon ${node}`)]
  return {
    ...describedBy(say('{node} is drained', { node })),
    ...at,
    summary: { inject: evict, recover },
    // In the background: a drain blocks, and this connection is needed for probes.
    inject: `${inject} && { nohup ${evict} >/tmp/labbook-drain.log 2>&1 </dev/null & }`,
    recover,
    recoverSeconds: 60,
  }
}

export const nodeExperiments = (run: KubernetesRun, kinds: readonly KubernetesKind[]): Experiment[] =>
  (Object.keys(HYPOTHESES) as NodeKind[])
    .filter((kind) => kinds.includes(kind))
    .map((kind) => nodeExperiment(run, kind))

function nodeExperiment(run: KubernetesRun, kind: NodeKind): Experiment {
  let host: string | undefined
  const movable = (): readonly Workload[] => run.targets(kind).filter((each) => each.kind !== 'DaemonSet')
  return labExperiment(
    KUBERNETES[kind].title,
    {
      hosts: 'localhost',
      tags: ['k3s', 'prove', kind, 'proof'],
      disturbs: (on) => disturbancesOf(on, kind),
      hypothesis: HYPOTHESES[kind],
      assertions: () => {
        if (movable().length === 0) return {}
        const claims = movable().map(({ name }): [string, LabText] => [
          run.findingId(kind, 'moves', name),
          say('Pods of {name} run on other nodes', { name }),
        ])
        if (run.inspected.targets.length > 0)
          claims.push([run.findingId(kind, 'available', STACK), 'Entry points on other nodes answer meanwhile'])
        claims.push([run.findingId(kind, 'recovers', STACK), 'The workloads recover by themselves afterwards'])
        return Object.fromEntries(claims)
      },
      steadyState: async (on) => {
        if (movable().length === 0) return
        await requireSteadyState(on, run.inspected)
        host = await chooseHost(on, run, kind)
      },
      rollback: async (on) => {
        if (host === undefined) return
        await recoverFrom(on, host, faultOf(on, kind, host))
        await watchReady(on, nodeNameOf(on, host))
        await awaitSteadyState(on, run.inspected)
      },
    },
    async (on) => {
      if (host === undefined) return
      const verdicts = await disturb(on, run.inspected, kind, host, movable())
      for (const { name } of movable()) run.report(on, kind, 'moves', name, verdicts.moves.get(name) as ClaimVerdict)
      if (run.inspected.targets.length > 0) run.report(on, kind, 'available', STACK, verdicts.available)
      run.report(on, kind, 'recovers', STACK, verdicts.recovers)
    },
  )
}

function disturbancesOf(on: DisturbanceContext, kind: NodeKind): readonly Disturbance[] {
  const agents = on.groups.k3s_agents ?? []
  return kind === 'drain'
    ? disturbAll(agents, KUBERNETES.drain.effect(''))
    : agents.map((name) => disturbanceOf(faultOf(on, kind, name), name))
}

/**
 * The agent with the most pods of the workloads, and none of a stateful one that is not named.
 *
 * @throws {MessageError} if there is none.
 */
async function chooseHost(on: LabSetupContext, run: KubernetesRun, kind: NodeKind): Promise<string> {
  const state = await currentState(on, run.inspected)
  const disturbed = run.targets(kind)
  const kept = run.inspected.model.services.filter(
    (each) => each.role === 'stateful' && disturbed.every(({ name }) => name !== each.name),
  )
  const count = (workloads: readonly Workload[], host: string): number =>
    workloads.flatMap((each) => readyPodsOf(state, each)).filter(({ node }) => node === nodeNameOf(on, host)).length
  const [best] = (on.groups.k3s_agents ?? [])
    .filter((host) => count(kept, host) === 0)
    .sort((a, b) => count(disturbed, b) - count(disturbed, a))
  if (best === undefined)
    throw new MessageError(say('every agent runs a pod of a stateful workload, or group k3s_agents has no host'))
  return best
}

const watchReady = (on: LabSetupContext, node: string) => {
  const { at, k } = kubectl(on)
  return on.watch({
    ...at,
    title: say('Nodes until {node} is Ready', { node }),
    waitingFor: `${node} Ready`,
    command: k('get nodes -o json'),
    within: 300,
    until: ({ stdout }) => parseClusterNodes(stdout).some((each) => each.name === node && isReadyNode(each)),
  })
}

async function disturb(
  on: LabContext,
  session: KubernetesSession,
  kind: NodeKind,
  host: string,
  workloads: readonly Workload[],
) {
  const fault = faultOf(on, kind, host)
  const node = nodeNameOf(on, host)
  const elsewhere = (state: ClusterState, workload: Workload): number =>
    readyPodsOf(state, workload).filter((pod) => pod.node !== node).length
  const within =
    kind === 'drain'
      ? DRAIN_SECONDS
      : NOTICED_SECONDS + START_SECONDS + Math.max(0, ...workloads.map(({ evictedAfter }) => evictedAfter))
  const observed = await observeWorkloads(
    on,
    session,
    say('Timeline: {description}', { description: fault.text }),
    async ({ mark, now }) => {
      const before = await currentState(on, session)
      const began = now()
      const injected = await injectFault(on, fault)
      mark(fault.text)
      const moved = await watchState(
        on,
        session,
        say('Pods until all run without {node}', { node }),
        `the pods of ${node} to run on other nodes`,
        within,
        (state) => workloads.every((each) => elsewhere(state, each) >= each.replicas),
      )
      const until = now()
      mark(moved.reached ? 'all pods run on other nodes' : 'fault ends')
      const recovered = await on.exhibit({ title: say('Recover {node}', { node }), ...recovery(fault) })
      await watchReady(on, node)
      mark(say('{node} Ready', { node }))
      const problem = await awaitSteadyState(on, session)
      return { before, injected, moved, began, until, recovered, problem, recoveredAfter: now() - until }
    },
  )
  const { before, injected, moved, began, until, recovered, problem, recoveredAfter } = observed.value
  const evidence: readonly Exhibit[] = [injected, moved.exhibit, observed.exhibit]
  const moves = new Map(
    workloads.map((workload): [string, ClaimVerdict] => {
      const count = elsewhere(moved.state, workload)
      const wasThere = readyPodsOf(before, workload).some((pod) => pod.node === node)
      const blocked = moved.state.pods.find((pod) => pod.blocked !== '')?.blocked ?? ''
      return [
        workload.name,
        {
          holds: wasThere ? count >= workload.replicas : null,
          evidence,
          detail: wasThere
            ? say('{count} of {replicas} pods run on other nodes after {time}{why}', {
                count,
                replicas: workload.replicas,
                time: inSeconds(until - began),
                why: blocked === '' ? '' : `: ${blocked}`,
              })
            : say('no pod of {workload} ran on {node} before', { workload: workload.name, node }),
          measured: wasThere && moved.reached ? { 'time to all pods': [until - began, 's'] } : {},
          facts: { toleration: workload.evictedAfter },
        },
      ]
    }),
  )
  const alone = workloads.filter((each) => elsewhere(before, each) === 0).map(({ name }) => name)
  const requests = availability(observed, maxOutage(on), { from: began, to: until, without: node })
  return {
    moves,
    available: {
      // A node that is lost leaves the others more to do.
      ...(kind === 'drain'
        ? await KUBERNETES_CLUSTER.judge(on, observed, requests)
        : { ...requests, evidence: [observed.exhibit] }),
      facts: { alone: alone.join(',') },
    } satisfies ClaimVerdict,
    recovers: {
      holds: problem === undefined,
      evidence: [recovered, observed.exhibit],
      detail: problem ?? say('recovered after {time}', { time: inSeconds(recoveredAfter) }),
      measured: problem === undefined ? { 'time to recover': [recoveredAfter, 's'] } : {},
    } satisfies ClaimVerdict,
  }
}
