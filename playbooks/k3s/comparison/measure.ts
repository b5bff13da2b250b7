import { setTimeout as sleep } from 'node:timers/promises'
import { disturbAll, type DisturbanceContext, type Experiment, MessageError, type MessageValue } from 'labbook'
import { labExperiment, type LabContext, say, type LabSetupContext, tableOf, lines } from '../../messages/say.ts'
import { interleaved, runLoad } from 'labbook/load'
import { callMany } from '../../app/client.ts'
import type { Endpoint } from '../../shared/http-request.ts'
import { endpoints } from '../../app/proof.ts'
import { STACK } from '../../app/stack.ts'
import { assertDeployed, restoreReplicas } from '../../load/replicas.ts'
import { loadSettings, type LoadSettings } from '../../load/settings.ts'
import { inventoryTargets, targetsOf } from '../../load/trial.ts'
import { disturbedTargets, clusterHosts, kubectl } from '../cluster.ts'
import { appEndpoints } from '../proof.ts'
import { settingsOf } from '../settings.ts'
import { idleUsage, UNITS } from './usage.ts'

const FULL = 4
const WITHIN_SECONDS = 180
/** Requests per second for the comparison of latency; both serve it easily. */
const EQUAL_RATE = 100
const REST_SECONDS = 20

/** Common operations of both orchestrators. */
interface Side {
  readonly id: 'swarm' | 'k3s'
  readonly name: string
  readonly hosts: string
  start(on: LabSetupContext): Promise<void>
  putBack(on: LabSetupContext): Promise<void>
  nodes(on: LabSetupContext): readonly string[]
  /** Targets that the measurement disturbs. */
  machines(on: DisturbanceContext): readonly string[]
  endpoints(on: LabContext): Promise<readonly Endpoint[]>
  /** The command that sets the number of replicas, and its host. */
  scale(
    on: LabContext,
    replicas: number,
  ): { readonly host?: string; readonly become?: boolean; readonly command: string }
  /** The command that kills one replica: a container on Swarm, a pod on Kubernetes. */
  kill(on: LabContext): { readonly host?: string; readonly become?: boolean; readonly command: string }
  /** The command that prints the app's image. */
  image(on: LabContext): { readonly host?: string; readonly become?: boolean; readonly command: string }
}

const swarm: Side = {
  id: 'swarm',
  name: 'Swarm',
  hosts: 'swarm_managers[0]',
  start: assertDeployed,
  putBack: restoreReplicas,
  nodes: ({ groups }) => groups.swarm ?? [],
  machines: ({ groups }) => groups.swarm ?? [],
  endpoints: (on) => Promise.resolve(endpoints(on)),
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

const scaleK3s = (on: LabSetupContext, replicas: number) => {
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
    const { exitCode } = await on.exec({
      ...at,
      command: k(`rollout status deployment counter --namespace ${settingsOf(on).namespace} --timeout=120s`),
      timeout: 150,
    })
    if (exitCode !== 0)
      throw new MessageError(say('the app is not deployed or not healthy: run npx zx playbooks/k3s.mjs'))
  },
  putBack: async (on) => {
    await on.exec(scaleK3s(on, settingsOf(on).replicas))
  },
  nodes: clusterHosts,
  machines: disturbedTargets,
  endpoints: appEndpoints,
  scale: scaleK3s,
  kill: (on) => {
    const { at, k } = kubectl(on)
    const { namespace } = settingsOf(on)
    const podName = k(
      `get pods --namespace ${namespace} --selector app.kubernetes.io/name=counter -o jsonpath='{.items[0].metadata.name}'`,
    )
    return { ...at, command: `${k('delete pod')} --namespace ${namespace} --grace-period=0 --force "$(${podName})"` }
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

/** Waits until the given number of replicas respond and no request fails. @returns seconds. */
async function waitForReplicas(on: LabContext, targets: readonly Endpoint[], replicas: number): Promise<number> {
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  for (;;) {
    const { answers, errors } = await callMany(targets, 'GET', '/api/counter', {
      total: Math.max(16, replicas * 6),
      clients: targets.length,
    })
    if (errors.length === 0 && new Set(answers.map(({ replica }) => replica)).size === replicas) return seconds()
    if (seconds() > WITHIN_SECONDS)
      throw new MessageError(
        say('{replicas} replicas did not respond within {within} s ({failed} requests failed in the last attempt)', {
          replicas,
          within: WITHIN_SECONDS,
          failed: errors.length,
        }),
      )
    await sleep(200, undefined, { signal: on.signal })
  }
}

/** Scales one side and waits until all replicas respond; for zero replicas, until none responds. */
async function scaleTo(on: LabContext, side: Side, targets: readonly Endpoint[], replicas: number): Promise<number> {
  const { exitCode, stderr } = await on.exec({ ...side.scale(on, replicas), timeout: 60 })
  if (exitCode !== 0)
    throw new MessageError(
      say('cannot scale {side} to {replicas} replicas: {stderr}', { side: side.name, replicas, stderr: stderr.trim() }),
    )
  if (replicas > 0) return await waitForReplicas(on, targets, replicas)
  for (let tries = 0; tries < WITHIN_SECONDS; tries++) {
    const { answers } = await callMany(targets, 'GET', '/api/counter', {
      total: targets.length,
      clients: targets.length,
    })
    if (answers.length === 0) return tries
    await sleep(1000, undefined, { signal: on.signal })
  }
  throw new MessageError(say('replicas still respond {within} s after scaling to zero', { within: WITHIN_SECONDS }))
}

const measurementOf = (side: Side): Experiment =>
  labExperiment(
    `Measure performance and overhead of ${side.name}`,
    {
      hosts: side.hosts,
      tags: ['k3s', 'compare', `compare-${side.id}`],
      disturbs: (on) =>
        disturbAll(
          side.machines(on),
          'the Counter app is stopped and scaled, a replica is killed, and it receives load tests',
        ),
      hypothesis: 'App, image, machines and load are the same: only the orchestrator and its load balancing differ.',
      assertions: {
        [`compare.${side.id}`]: say('Performance and overhead of {orchestrator} are measured', {
          orchestrator: side.name,
        }),
      },
      steadyState: (on) => side.start(on),
      rollback: (on) => side.putBack(on),
    },
    async (on) => {
      const settings = loadSettings(on.hostvars(on.hosts[0] as string))
      const targets = await side.endpoints(on)
      // Addresses of an existing cluster (-e kubecontext) are not in the inventory.
      if (side.nodes(on).length > 0) inventoryTargets(on, targetsOf(targets))
      const image = await on.exhibit({
        ...side.image(on),
        title: say('Image of the app on {side}', { side: side.name }),
      })
      await scaleTo(on, side, targets, FULL)
      const idle = await idleUsage(on, UNITS[side.id], side.nodes(on), REST_SECONDS)
      await scaleTo(on, side, targets, 0)
      const startSeconds = await scaleTo(on, side, targets, FULL)
      const killed = await on.exhibit({ ...side.kill(on), title: say('Kill a replica on {side}', { side: side.name }) })
      // The orchestrator notices after a moment.
      await sleep(500, undefined, { signal: on.signal })
      const recoverySeconds = 0.5 + (await waitForReplicas(on, targets, FULL))
      const load = await measureLoad(on, side, targets, settings)
      const known = idle.flatMap((row) => ('cores' in row ? [row] : []))
      const sum = (pick: (row: (typeof known)[number]) => number): number =>
        known.reduce((all, row) => all + pick(row), 0)
      const text = lines(
        tableOf(
          [
            [say('NODE'), say('PROCESSES'), say('MEMORY MB'), say('CORES')],
            ...idle.map((row) =>
              'cores' in row
                ? [row.node, row.processes, row.megabytes.toFixed(0), row.cores.toFixed(3)]
                : [row.node, say('none'), '', ''],
            ),
          ],
          ['left', 'right'],
        ),
        '',
        say('start of {replicas} replicas from zero: {seconds} s', {
          replicas: FULL,
          seconds: startSeconds.toFixed(1),
        }),
        say('recovery to {replicas} replicas after a kill: {seconds} s', {
          replicas: FULL,
          seconds: recoverySeconds.toFixed(1),
        }),
        '',
        ...load.lines,
      )
      const exhibit = on.record({
        title: say('Performance and overhead of {side}', { side: side.name }),
        command: say(
          'processes of {units}; start of {replicas} replicas from zero; kill of a container; trials of 1 and {replicas} replicas, interleaved',
          { units: UNITS[side.id].join(', '), replicas: FULL },
        ),
        stdout: text,
        durationMs: 0,
      })
      on.finding(`compare.${side.id}`, {
        holds: killed.exitCode === 0 && load.failed === 0 && known.length === side.nodes(on).length ? true : null,
        evidence: [image, killed, exhibit],
        detail: say(
          'image {image}; {failed} requests failed under load; CPU and memory known for {known} of {nodes} nodes',
          { image: image.stdout.trim(), failed: load.failed, known: known.length, nodes: side.nodes(on).length },
        ),
        measured: {
          'from no replica to 4 that answer': [startSeconds, 's'],
          ...(killed.exitCode === 0 ? { 'a replica is killed: 4 answer again': [recoverySeconds, 's'] as const } : {}),
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

/** Interleaved trials of one and four replicas, and one trial at a fixed rate. */
async function measureLoad(on: LabContext, side: Side, targets: readonly Endpoint[], settings: LoadSettings) {
  const common = {
    targets: targetsOf(targets),
    kinds: [...settings.kinds],
    warmup: settings.warmupSeconds,
    reconnectEvery: settings.reconnectEvery,
  }
  const throughput = new Map<number, number[]>([
    [1, []],
    [FULL, []],
  ])
  const rows: MessageValue[][] = [[say('TRIAL'), say('REPLICAS'), say('GOOD/S'), say('FAILED')]]
  let [current, failed] = [0, 0]
  for (const [i, replicas] of interleaved([1, FULL], settings.trials).entries()) {
    if (current !== replicas) await scaleTo(on, side, targets, replicas)
    current = replicas
    const result = await runLoad(
      { way: 'closed', ...common, connections: settings.connections, seconds: settings.trialSeconds },
      { signal: on.signal },
    )
    throughput.get(replicas)?.push(result.throughput)
    failed += result.total.failures
    rows.push([i + 1, replicas, result.throughput.toFixed(0), result.total.failures])
  }
  if (current !== FULL) await scaleTo(on, side, targets, FULL)
  const equal = await runLoad(
    { way: 'open', ...common, rate: EQUAL_RATE, seconds: 2 * settings.trialSeconds },
    { signal: on.signal },
  )
  const { percentiles } = equal.total.latency
  const [p50, p95] = ['50', '95'].map((percentile) => (percentiles[percentile] ?? Number.NaN).toFixed(1))
  const outcome = say('at {rate} requests/s, {replicas} replicas: median {p50} ms, p95 {p95} ms, {failed} failed', {
    rate: EQUAL_RATE,
    replicas: FULL,
    p50: p50 ?? '',
    p95: p95 ?? '',
    failed: equal.total.failures,
  })
  return {
    lines: [tableOf(rows), '', outcome],
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

export const measureSwarm = measurementOf(swarm)
export const measureK3s = measurementOf(k3s)
