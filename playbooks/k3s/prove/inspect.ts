import type { Experiment } from 'labbook'
import { endpointOf } from '../../lab/address.ts'
import { type LabContext, labExperiment, say } from '../../messages/say.ts'
import { failingProbes, isNotHttp, type EntryTarget } from '../../methods/traffic.ts'
import type { Endpoint } from '../../shared/http-request.ts'
import { clusterHosts, kubectl, nodeNameOf } from '../cluster.ts'
import { k3sAppVars } from '../vars.ts'
import { requireWorkloads, selectedModel } from './selection.ts'
import { modelOfManifests } from './derive.ts'
import { isNodeKind, type KubernetesKind } from './kinds.ts'
import { at as valueAt, kindOf, mapOf, mapsOf, objectName, textAt, type Manifest } from './manifests.ts'
import type { KubernetesEntryPoint, KubernetesModel } from './model.ts'
import { modelTables } from './preview.ts'
import { awaitSteadyState, commandsFor, watchSteady, type KubernetesRun, type KubernetesSession } from './session.ts'

const [CONVERGED, ANSWERS] = ['prove.inspect.converged', 'prove.inspect.answers']
const READY_SECONDS = 240
const ANSWER_SECONDS = 90
const KINDS = 'deployments,statefulsets,daemonsets,jobs,cronjobs,services,ingresses,configmaps,horizontalpodautoscalers'

/** Finds out what runs, what to watch, and what the machines support. */
export const inspectWorkloads = (run: KubernetesRun, kinds: readonly KubernetesKind[]): Experiment =>
  labExperiment(
    'Inspect the workloads',
    {
      hosts: 'localhost',
      tags: ['k3s', 'prove', 'proof'],
      disturbs: false,
      hypothesis: 'Every workload runs all its pods, and every entry point answers. Otherwise nothing is disturbed.',
      assertions: {
        [CONVERGED]: 'Every workload runs its desired number of pods',
        [ANSWERS]: 'Every entry point answers',
      },
    },
    async (on) => {
      const { model: expected, objects } = selectedModel(on.hostvars('localhost'))
      const { problem, seconds, exhibit } = await watchSteady(on, expected, READY_SECONDS)
      on.finding(CONVERGED, {
        holds: problem === undefined,
        evidence: [exhibit],
        detail:
          problem ??
          say('{n|workload|workloads} run after {seconds} s', {
            n: expected.services.length,
            seconds: seconds.toFixed(0),
          }),
      })
      if (problem !== undefined) return
      const model = modelOfManifests(await liveObjects(on, expected, objects), ingressPort(on))
      requireWorkloads(model, run.named)
      const targets = await targetsOf(on, model)
      const watched = [...new Set(targets.map(({ entryPoint }) => entryPoint))]
      const session: KubernetesSession = {
        model: { ...model, entryPoints: watched },
        targets,
        unsupported: unsupportedKinds(on, kinds),
      }
      const record = on.record({
        title: 'What is watched',
        command: 'derived from the objects',
        stdout: modelTables(session.model),
        durationMs: 0,
      })
      for (const [kind, reason] of Object.entries(session.unsupported))
        on.log(say('not tried: {kind}: {reason}', { kind, reason }))
      const failing = await answers(on, session)
      on.finding(ANSWERS, {
        holds: failing === undefined,
        evidence: [record],
        detail: failing ?? say('{n|address|addresses} answer', { n: targets.length }),
      })
      if (failing === undefined) run.begin(session)
    },
  )

const ingressPort = (on: Pick<LabContext, 'hostvars'>): number => k3sAppVars.read(on.hostvars('localhost')).ingress_port

/** The objects of the manifests as they are in the cluster: with defaults, and allocated ports. */
async function liveObjects(
  on: LabContext,
  model: KubernetesModel,
  objects: readonly Manifest[],
): Promise<readonly Manifest[]> {
  const { at, k } = commandsFor(on, model)
  const { stdout } = await on.exec({ ...at, command: k(`get ${KINDS} -o json`) })
  const live = mapsOf(mapOf(JSON.parse(stdout) as Manifest).items)
  const keys = new Set(objects.map((object) => `${kindOf(object)}/${objectName(object)}`))
  return live.filter((object) => keys.has(`${kindOf(object)}/${objectName(object)}`))
}

/** The addresses of all entry points. Ports that are not HTTP are probed by a connection. */
async function targetsOf(on: LabContext, model: KubernetesModel): Promise<EntryTarget[]> {
  const nodes = await nodeAddresses(on)
  const hasIngress = await hasIngressClass(on)
  const targets: EntryTarget[] = []
  for (const entryPoint of model.entryPoints) {
    if (entryPoint.host !== undefined && !hasIngress) {
      on.log(say('{host} is not watched: the cluster has no IngressClass', { host: entryPoint.host }), 'warning')
      continue
    }
    const own = nodes.map(
      ({ node, addressOf }): EntryTarget => ({
        entryPoint,
        node,
        address: {
          ...addressOf(entryPoint.port),
          ...(entryPoint.host === undefined ? {} : { hostHeader: entryPoint.host }),
        },
      }),
    )
    const recognised = await asTcp(entryPoint, own)
    targets.push(...own.map((target) => ({ ...target, entryPoint: recognised })))
  }
  return targets
}

/** Entry points whose guess HTTP is wrong are probed by a TCP connection. */
async function asTcp(entryPoint: KubernetesEntryPoint, [first]: readonly EntryTarget[]): Promise<KubernetesEntryPoint> {
  const [probe] = entryPoint.probes
  const isTcp =
    entryPoint.reason.id === 'guess' && first !== undefined && probe !== undefined && (await isNotHttp(first, probe))
  return isTcp ? { ...entryPoint, probes: [{ kind: 'tcp' }], reason: say('answer is not HTTP') } : entryPoint
}

interface NodeAddress {
  readonly node: string
  readonly addressOf: (port: number) => Endpoint
}

/** Every host of the inventory; for a context, `app_host` or the addresses of the nodes. */
async function nodeAddresses(on: LabContext): Promise<NodeAddress[]> {
  const hosts = clusterHosts(on)
  if (hosts.length > 0)
    return hosts.map((host) => ({
      node: nodeNameOf(on, host),
      addressOf: (port) => endpointOf(on.hostvars(host), host, port),
    }))
  const { app_host } = k3sAppVars.read(on.hostvars('localhost'))
  if (app_host !== undefined) return [{ node: app_host, addressOf: (port) => ({ host: app_host, port }) }]
  const { at, k } = kubectl(on)
  const { stdout } = await on.exec({ ...at, command: k('get nodes -o json') })
  return mapsOf(mapOf(JSON.parse(stdout) as Manifest).items).flatMap((node) =>
    mapsOf(valueAt(node, 'status', 'addresses'))
      .filter(({ type }) => type === 'InternalIP')
      .slice(0, 1)
      .map(({ address }) => ({
        node: objectName(node),
        addressOf: (port: number) => ({ host: textAt(address), port }),
      })),
  )
}

async function hasIngressClass(on: LabContext): Promise<boolean> {
  const { at, k } = kubectl(on)
  return (await on.exec({ ...at, command: k('get ingressclasses -o name') })).stdout.trim() !== ''
}

/** Faults of nodes and signals need SSH to hosts of the inventory. */
function unsupportedKinds(on: LabContext, kinds: readonly KubernetesKind[]): KubernetesSession['unsupported'] {
  const hosts = clusterHosts(on)
  const reason = hosts.length === 0 ? say('the hosts of a context are not in the inventory') : undefined
  const agents = on.groups.k3s_agents ?? []
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      if (reason !== undefined && (isNodeKind(kind) || kind === 'hang')) return [[kind, reason]]
      return isNodeKind(kind) && agents.length === 0 ? [[kind, say('group k3s_agents has no host')]] : []
    }),
  )
}

async function answers(on: LabContext, session: KubernetesSession) {
  const problem = await awaitSteadyState(on, session, ANSWER_SECONDS)
  if (problem === undefined) return undefined
  const failing = await failingProbes(session.targets)
  return failing.length === 0
    ? problem
    : say('{failing}. If the probe is wrong, set the annotation labbook/probe (docs/prove.md)', {
        failing: failing.slice(0, 4).join('; '),
      })
}
