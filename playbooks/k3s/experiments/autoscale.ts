import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { csvText, type Message, render, sh, MessageError } from 'labbook'
import {
  labExperiment,
  say,
  inSeconds,
  type LabSetupContext,
  type LabText,
  type LabChart,
  tableOf,
} from '../../messages/say.ts'
import { runLoad } from 'labbook/load'
import { targetsOf } from '../../load/trial.ts'
import { clusterHosts } from '../cluster.ts'
import { appEndpoints, podsCommand } from '../proof.ts'
import { settingsOf } from '../settings.ts'
import { parsePods, parseAutoscaler, type Autoscaler } from '../objects.ts'
import { k3sVars } from '../vars.ts'
import { assertSteadyState, disturbsCluster, waitForPods, readyPods, appOnCluster } from './support/cluster.ts'

const SAMPLE_EVERY_MS = 3000
/** Seconds of load: the autoscaler decides every 15 s, from metrics of the last 15 to 30 s. */
const LOAD_SECONDS = 150
/** Timeout for scaling in: the stabilization window, then two pods per 15 s. */
const SCALE_IN_SECONDS = 300
const CONNECTIONS = 64

/** State of the autoscaler at a point in time. */
export interface ScalerSample {
  /** Seconds since the start. */
  readonly at: number
  readonly scaler: Autoscaler | undefined
  readonly ready: number
}

/** Pods and CPU over time. */
export const scaleChart = (
  samples: readonly ScalerSample[],
  marks: readonly { readonly at: number; readonly label: LabText }[],
): LabChart => ({
  kind: 'lines',
  title: 'Pods during and after the load',
  x: { label: 'seconds' },
  y: { label: 'pods; CPU in units of 10 % of the request' },
  series: [
    {
      name: 'desired pods',
      drawn: 'line',
      points: samples.flatMap(({ at, scaler }): [number, number][] =>
        scaler === undefined ? [] : [[at, scaler.desired]],
      ),
    },
    { name: 'ready pods', drawn: 'line', points: samples.map(({ at, ready }) => [at, ready] as const) },
    {
      name: 'CPU / 10 %',
      drawn: 'line',
      points: samples.flatMap(({ at, scaler }): [number, number][] =>
        scaler?.cpu === undefined ? [] : [[at, scaler.cpu / 10]],
      ),
    },
  ],
  marks: marks.map(({ at, label }) => ({ axis: 'x' as const, at, label })),
})

export const scaleCsv = (samples: readonly ScalerSample[]): string =>
  csvText([
    ['at_s', 'current', 'desired', 'ready', 'cpu_percent'],
    ...samples.map(({ at, scaler, ready }) => [at.toFixed(1), scaler?.current, scaler?.desired, ready, scaler?.cpu]),
  ])

/** Why no autoscaler can work; undefined if one can. */
export const unscalable = (on: Pick<LabSetupContext, 'groups' | 'hostvars'>): Message | undefined =>
  clusterHosts(on).some((host) => k3sVars.read(on.hostvars(host), host).k3s_disable.includes('metrics-server'))
    ? say('metrics-server is disabled (k3s_disable)')
    : undefined

/** Removes the autoscaler, unless the app is deployed with one. */
async function removeAutoscaler(on: LabSetupContext): Promise<void> {
  const { at, k, within, wanted } = appOnCluster(on)
  if (settingsOf(on).autoscale) return
  await on.exec({ ...at, command: k(`delete hpa counter ${within} --ignore-not-found`) })
  await on.exec({ ...at, command: k(`scale deployment/counter --replicas=${wanted} ${within}`) })
  await on.watch({
    ...at,
    title: 'Pods after the rollback',
    command: podsCommand(k, appOnCluster(on).namespace),
    within: 180,
    until: ({ stdout }) => readyPods(parsePods(stdout)).length === wanted,
  })
}

/** Scales out under load, and in after the load. */
export const autoscale = labExperiment(
  'Autoscale pods under load',
  {
    hosts: 'localhost',
    tags: ['k3s', 'experiments', 'k3s-autoscale', 'load', 'proof'],
    disturbs: disturbsCluster('receives a load test while an autoscaler scales the Counter app'),
    hypothesis:
      'Under load the pods use more than 70 % of their CPU request, so the autoscaler adds pods within about half a minute, up to ten. After the load it waits for the stabilization window of one minute, then removes them.',
    assertions: {
      'k3s.hpa.scales-out': 'The autoscaler adds pods under load, and they become ready',
      'k3s.hpa.scales-in': 'The autoscaler removes the pods after the load',
    },
    steadyState: assertSteadyState,
    rollback: removeAutoscaler,
  },
  async (on) => {
    const why = unscalable(on)
    if (why !== undefined) {
      on.inconclusive(why)
      return
    }
    const { at, k, within, namespace } = appOnCluster(on)
    const settings = settingsOf(on)
    const source = readFileSync(path.resolve(import.meta.dirname, '../../../templates/k3s/hpa.yaml'), 'utf8')
    const created = await on.exhibit({
      ...at,
      title: 'Create the autoscaler',
      command: `${sh`printf '%s' ${render(source, 'k3s/hpa.yaml', { ...settings }).text}`} | ${k('apply --server-side --force-conflicts --field-manager=labbook -f -')}`,
      displayCommand: k('apply --server-side -f hpa.yaml'),
    })
    const began = performance.now()
    const now = (): number => (performance.now() - began) / 1000
    const samples: ScalerSample[] = []
    const marks: { at: number; label: LabText }[] = []
    const stop = new AbortController()
    const ended = AbortSignal.any([stop.signal, on.signal])
    const sampler = (async () => {
      while (!ended.aborted) {
        const time = now()
        const [scaler, pods] = [
          await on.exec({ ...at, command: k(`get hpa counter ${within} -o json`), timeout: 20 }),
          await on.exec({ ...at, command: podsCommand(k, namespace), timeout: 20 }),
        ]
        samples.push({
          at: time,
          scaler: scaler.exitCode === 0 ? parseAutoscaler(scaler.stdout) : undefined,
          ready: readyPods(parsePods(pods.stdout)).length,
        })
        await sleep(SAMPLE_EVERY_MS, undefined, { signal: ended }).catch(() => undefined)
      }
    })()
    const valid = (): ScalerSample[] => samples.filter(({ scaler }) => scaler !== undefined)
    try {
      // Metrics are available some time after the pods start.
      const metrics = await on.watch({
        ...at,
        title: 'Metrics of the autoscaler',
        command: k(`get hpa counter ${within} -o json`),
        within: 120,
        every: 5,
        until: ({ stdout }) => parseAutoscaler(stdout)?.cpu !== undefined,
      })
      if (!metrics.reached)
        throw new MessageError(
          say('the autoscaler has no metrics: {why}', {
            why: parseAutoscaler(metrics.exhibit.stdout)?.trouble ?? say('check that metrics-server runs'),
          }),
        )
      const settled = await waitForPods(on, 'Pods before the load', { wanted: settings.min_replicas })
      const first = samples.at(-1)?.ready ?? settings.replicas
      const loadAt = now()
      marks.push({ at: loadAt, label: 'load' })
      const targets = await appEndpoints(on)
      const load = await runLoad(
        {
          way: 'closed',
          connections: CONNECTIONS,
          warmup: 0,
          seconds: LOAD_SECONDS,
          reconnectEvery: 50,
          targets: targetsOf(targets),
          kinds: [
            { method: 'GET', path: '/api/counter', weight: 8 },
            { method: 'POST', path: '/api/counter/increment', weight: 2 },
          ],
        },
        { signal: on.signal },
      )
      const over = now()
      marks.push({ at: over, label: 'no load' })
      const most = Math.max(first, ...samples.filter((sample) => sample.at >= loadAt).map(({ ready }) => ready))
      const outAt = samples.find((sample) => sample.at >= loadAt && sample.ready > first)?.at
      while (
        now() - over < SCALE_IN_SECONDS &&
        !((samples.at(-1)?.ready ?? Infinity) <= settings.min_replicas && most > settings.min_replicas)
      )
        await sleep(1000, undefined, { signal: on.signal })
      const inAt = samples.find((sample) => sample.at >= over && sample.ready < most)?.at
      const least = samples.at(-1)?.ready ?? Number.NaN
      stop.abort()
      await sampler
      const events = await on.exhibit({
        ...at,
        title: 'Events of the autoscaler',
        command: k(`describe hpa counter ${within}`),
      })
      const exhibit = on.record({
        title: 'Pods during and after the load',
        command: say('{connections} connections for {seconds} s; kubectl get hpa and pods every {every} s', {
          connections: CONNECTIONS,
          seconds: LOAD_SECONDS,
          every: SAMPLE_EVERY_MS / 1000,
        }),
        stdout: tableOf(
          [
            [say('SECOND'), say('DESIRED'), say('READY'), 'CPU %'],
            ...samples.map(({ at: time, scaler, ready }) => [
              time.toFixed(0),
              scaler?.desired ?? '-',
              ready,
              scaler?.cpu ?? '-',
            ]),
          ],
          ['right'],
        ),
        durationMs: Math.round(now() * 1000),
        chart: scaleChart(samples, marks),
        data: [{ name: 'autoscale.csv', text: scaleCsv(samples) }],
      })
      const highest = Math.max(0, ...valid().map(({ scaler }) => scaler?.cpu ?? 0))
      on.finding('k3s.hpa.scales-out', {
        // Inconclusive if the load stayed below the CPU target.
        holds:
          created.exitCode !== 0 ? false : outAt !== undefined ? true : highest <= settings.cpu_percent ? null : false,
        evidence: [created, settled.exhibit, events, exhibit],
        detail:
          outAt === undefined
            ? say('no pods added: {most} pods, CPU at most {highest} %', { most, highest })
            : say(
                'scaled from {first} to {most} pods, first new pod after {loadAt}, CPU at most {highest} %; {failures} of {requests} requests failed',
                {
                  first,
                  most,
                  loadAt: inSeconds(outAt - loadAt),
                  highest,
                  failures: load.total.failures,
                  requests: load.total.requests,
                },
              ),
        ...(outAt === undefined
          ? {}
          : { measured: { 'time to the first pod more': [outAt - loadAt, 's'], 'most pods': [most, ''] } }),
      })
      on.finding('k3s.hpa.scales-in', {
        holds: outAt === undefined ? null : inAt !== undefined && least <= settings.min_replicas,
        evidence: [events, exhibit],
        detail:
          inAt === undefined
            ? say('no pods removed: {least} pods {over} after the load', { least, over: inSeconds(now() - over) })
            : say('scaled in to {least} pods, first pod removed after {over}', { least, over: inSeconds(inAt - over) }),
        ...(inAt === undefined ? {} : { measured: { 'time to the first pod less': [inAt - over, 's'] } }),
      })
    } finally {
      stop.abort()
      await sampler.catch(() => undefined)
    }
  },
)
