import { setTimeout as sleep } from 'node:timers/promises'
import {
  experiment,
  onHosts,
  type CareContext,
  type DisturbanceContext,
  type Experiment,
  type ExperimentContext,
} from '../../../src/labbook.ts'
import { columns, interleaved, runLoad } from '../../../src/load/index.ts'
import { callMany, type Endpoint } from '../../app/client.ts'
import { endpoints } from '../../app/proof.ts'
import { STACK } from '../../app/stack.ts'
import { asDeployed, putBack } from '../../load/replicas.ts'
import { loadSettings, type LoadSettings } from '../../load/settings.ts'
import { KINDS, onlyOurs, targetsOf } from '../../load/trial.ts'
import { clusterMachines, hostsOf, kubectl } from '../cluster.ts'
import { doorsOf, settingsOf } from '../proof.ts'
import { atRest, UNITS } from './usage.ts'

const FULL = 4
const WITHIN_SECONDS = 180
/** Requests a second at which latency is compared: what both can do with ease. */
const EQUAL_RATE = 100
const REST_SECONDS = 20

/** What both can do; the words differ. */
interface Side {
  readonly id: 'swarm' | 'k3s'
  readonly name: string
  readonly hosts: string
  start(on: CareContext): Promise<void>
  putBack(on: CareContext): Promise<void>
  nodes(on: CareContext): readonly string[]
  /** Whom the measuring disturbs. */
  machines(on: DisturbanceContext): readonly string[]
  doors(on: ExperimentContext): Promise<readonly Endpoint[]>
  /** The command that sets the number of replicas, and where it is run. */
  scale(
    on: ExperimentContext,
    replicas: number,
  ): { readonly host?: string; readonly become?: boolean; readonly command: string }
  /** The command that kills one replica: Swarm's container, Kubernetes' pod. */
  kill(on: ExperimentContext): { readonly host?: string; readonly become?: boolean; readonly command: string }
  /** The command that prints the app's image. */
  image(on: ExperimentContext): { readonly host?: string; readonly become?: boolean; readonly command: string }
}

const swarm: Side = {
  id: 'swarm',
  name: 'Swarm',
  hosts: 'swarm_managers[0]',
  start: asDeployed,
  putBack,
  nodes: ({ groups }) => groups.swarm ?? [],
  machines: ({ groups }) => groups.swarm ?? [],
  doors: (on) => Promise.resolve(endpoints(on)),
  scale: (_on, replicas) => ({
    command: `docker service update --detach --quiet --replicas ${replicas} ${STACK}_counter`,
  }),
  kill: (on) => ({
    host: (on.groups.swarm_workers ?? on.groups.swarm ?? [])[0] as string,
    command: `docker kill $(docker ps -q --filter label=com.docker.swarm.service.name=${STACK}_counter | head -n 1)`,
  }),
  image: () => ({
    command: `docker service inspect ${STACK}_counter --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'`,
  }),
}

const scaleK3s = (on: CareContext, replicas: number) => {
  const { at, k } = kubectl(on)
  return {
    ...at,
    command: k(`scale deployment counter --namespace ${settingsOf(on).namespace} --replicas=${replicas}`),
  }
}

const k3s: Side = {
  id: 'k3s',
  name: 'k3s',
  hosts: 'localhost',
  start: async (on) => {
    const { at, k } = kubectl(on)
    const { exitCode } = await on.look({
      ...at,
      command: k(`rollout status deployment counter --namespace ${settingsOf(on).namespace} --timeout=120s`),
      timeout: 150,
    })
    if (exitCode !== 0)
      throw new Error('the app is not deployed on the cluster, or not whole: npx zx playbooks/k3s.mjs does it')
  },
  putBack: async (on) => {
    await on.look(scaleK3s(on, settingsOf(on).replicas))
  },
  nodes: hostsOf,
  machines: clusterMachines,
  doors: doorsOf,
  scale: scaleK3s,
  kill: (on) => {
    const { at, k } = kubectl(on)
    const { namespace } = settingsOf(on)
    const one = k(
      `get pods --namespace ${namespace} --selector app.kubernetes.io/name=counter -o jsonpath='{.items[0].metadata.name}'`,
    )
    return { ...at, command: `${k('delete pod')} --namespace ${namespace} --grace-period=0 --force "$(${one})"` }
  },
  image: (on) => {
    const { at, k } = kubectl(on)
    return {
      ...at,
      command: k(
        `get deployment counter --namespace ${settingsOf(on).namespace} -o jsonpath='{.spec.template.spec.containers[0].image}'`,
      ),
    }
  },
}

/** Waits until as many replicas answer as there are to be, and no request fails. @returns seconds. */
async function untilAnswer(on: ExperimentContext, doors: readonly Endpoint[], replicas: number): Promise<number> {
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  for (;;) {
    const { answers, errors } = await callMany(doors, 'GET', '/api/counter', {
      total: Math.max(16, replicas * 6),
      clients: doors.length,
    })
    if (errors.length === 0 && new Set(answers.map(({ replica }) => replica)).size === replicas) return seconds()
    if (seconds() > WITHIN_SECONDS)
      throw new Error(
        `${replicas} replicas did not answer within ${WITHIN_SECONDS} s (${errors.length} requests failed last)`,
      )
    await sleep(200, undefined, { signal: on.signal })
  }
}

/** Tells a side to run so many, and waits until they answer; of none, until nobody does. */
async function scaleTo(
  on: ExperimentContext,
  side: Side,
  doors: readonly Endpoint[],
  replicas: number,
): Promise<number> {
  const { exitCode, stderr } = await on.look({ ...side.scale(on, replicas), timeout: 60 })
  if (exitCode !== 0) throw new Error(`${side.name} could not be told to run ${replicas} replicas: ${stderr.trim()}`)
  if (replicas > 0) return await untilAnswer(on, doors, replicas)
  for (let tries = 0; tries < WITHIN_SECONDS; tries++) {
    const { answers } = await callMany(doors, 'GET', '/api/counter', { total: doors.length, clients: doors.length })
    if (answers.length === 0) return tries
    await sleep(1000, undefined, { signal: on.signal })
  }
  throw new Error(`replicas still answered ${WITHIN_SECONDS} s after there were to be none`)
}

const measuring = (side: Side): Experiment =>
  experiment(
    `What ${side.name} gives and costs`,
    {
      hosts: side.hosts,
      tags: ['k3s', 'compare', `compare-${side.id}`],
      disturbs: (on) =>
        onHosts(
          side.machines(on),
          'the Counter app is stopped and scaled, a replica is killed, and it receives load tests',
        ),
      hypothesis:
        'The same app, the same image, the same machines and the same load: what differs is what runs the containers and leads requests to them.',
      proves: { [`compare.${side.id}`]: `What ${side.name} gives and costs was measured` },
      start: (on) => side.start(on),
      restore: (on) => side.putBack(on),
    },
    async (on) => {
      const settings = loadSettings(on.hostvars(on.hosts[0] as string))
      const doors = await side.doors(on)
      // A cluster of another kind (-e kubecontext) has addresses of its own.
      if (side.nodes(on).length > 0) onlyOurs(on, targetsOf(doors))
      const image = await on.exhibit({ ...side.image(on), title: `The app's image on ${side.name}` })
      await scaleTo(on, side, doors, FULL)
      const rest = await atRest(on, UNITS[side.id], side.nodes(on), REST_SECONDS)
      await scaleTo(on, side, doors, 0)
      const fromNone = await scaleTo(on, side, doors, FULL)
      const killed = await on.exhibit({ ...side.kill(on), title: `A replica is killed on ${side.name}` })
      // It takes a moment until anyone has noticed.
      await sleep(500, undefined, { signal: on.signal })
      const healed = 0.5 + (await untilAnswer(on, doors, FULL))
      const load = await loads(on, side, doors, settings)
      const known = rest.flatMap((row) => ('cores' in row ? [row] : []))
      const sum = (pick: (row: (typeof known)[number]) => number): number =>
        known.reduce((all, row) => all + pick(row), 0)
      const text = [
        ...columns([
          ['NODE', 'PROCESSES', 'MEMORY MB', 'CORES'],
          ...rest.map((row) =>
            'cores' in row
              ? [row.node, row.processes, row.megabytes.toFixed(0), row.cores.toFixed(3)]
              : [row.node, 'none', '', ''],
          ),
        ]),
        '',
        `from none to ${FULL} that answer: ${fromNone.toFixed(1)} s`,
        `a container killed, ${FULL} answer again: ${healed.toFixed(1)} s`,
        '',
        ...load.lines,
      ].join('\n')
      const exhibit = on.record({
        title: `What ${side.name} gives and costs`,
        command: `processes of ${UNITS[side.id].join(', ')}; ${FULL} replicas from none; a container killed; trials of 1 and ${FULL} replicas, there and back`,
        stdout: text,
        durationMs: 0,
      })
      on.finding(`compare.${side.id}`, {
        holds: killed.exitCode === 0 && load.failed === 0 && known.length === side.nodes(on).length ? true : null,
        evidence: [image, killed, exhibit],
        detail: `image ${image.stdout.trim()}; ${known.length} of ${side.nodes(on).length} nodes told of their processes; ${load.failed} requests under load failed`,
        measured: {
          'from no replica to 4 that answer': [fromNone, 's'],
          ...(killed.exitCode === 0 ? { 'a replica is killed: 4 answer again': [healed, 's'] as const } : {}),
          ...load.measured,
          ...(known.length === side.nodes(on).length && known.length > 0
            ? {
                'memory of the orchestrator, all nodes': [sum(({ megabytes }) => megabytes), 'MB'] as const,
                'CPU of the orchestrator, all nodes, at rest': [sum(({ cores }) => cores), 'cores'] as const,
              }
            : {}),
        },
      })
    },
  )

/** Trials of one and of four replicas, there and back, and one at a rate that both sides get. */
async function loads(on: ExperimentContext, side: Side, doors: readonly Endpoint[], settings: LoadSettings) {
  const common = {
    targets: targetsOf(doors),
    kinds: [...KINDS],
    warmup: settings.warmupSeconds,
    reconnectEvery: settings.reconnectEvery,
  }
  const throughput = new Map<number, number[]>([
    [1, []],
    [FULL, []],
  ])
  const lines = ['TRIAL  REPLICAS  GOOD/S  FAILED']
  let [now, failed] = [0, 0]
  for (const [i, replicas] of interleaved([1, FULL], settings.trials).entries()) {
    if (now !== replicas) await scaleTo(on, side, doors, replicas)
    now = replicas
    const result = await runLoad(
      { way: 'closed', ...common, connections: settings.connections, seconds: settings.trialSeconds },
      on.signal,
    )
    throughput.get(replicas)?.push(result.throughput)
    failed += result.total.failures
    lines.push(
      `${String(i + 1).padEnd(6)} ${String(replicas).padEnd(9)} ${result.throughput.toFixed(0).padEnd(7)} ${result.total.failures}`,
    )
  }
  if (now !== FULL) await scaleTo(on, side, doors, FULL)
  const equal = await runLoad(
    { way: 'open', ...common, rate: EQUAL_RATE, seconds: 2 * settings.trialSeconds },
    on.signal,
  )
  const { percentiles } = equal.total.latency
  lines.push(
    '',
    `at ${EQUAL_RATE} requests/s, ${FULL} replicas: median ${(percentiles['50'] ?? Number.NaN).toFixed(1)} ms, 95 of 100 within ${(percentiles['95'] ?? Number.NaN).toFixed(1)} ms, ${equal.total.failures} failed`,
  )
  return {
    lines,
    failed: failed + equal.total.failures,
    measured: {
      'capacity of 1 replica': [median(throughput.get(1) ?? []), 'requests/s'] as const,
      'capacity of 4 replicas': [median(throughput.get(FULL) ?? []), 'requests/s'] as const,
      'latency at equal load, median': [percentiles['50'] ?? Number.NaN, 'ms'] as const,
      'latency at equal load, 95 of 100 within': [percentiles['95'] ?? Number.NaN, 'ms'] as const,
    },
  }
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2
}

export const measureSwarm = measuring(swarm)
export const measureK3s = measuring(k3s)
