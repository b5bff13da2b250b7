import { type Message } from 'labbook'
import { labExperiment, type LabContext, say, type LabText, tableOf, lines } from '../../messages/say.ts'
import { disturbsLabStack } from './support/disturbs.ts'
import { clientCommand } from './support/client.ts'
import { deployLabStack, nodesOfServices, type LabStack } from './support/lab-stack.ts'
import { currentMaster } from './support/master.ts'
import { removeLabStacks, startWithoutLabStacks } from './support/remove-stacks.ts'
import {
  mergeLags,
  staleMoreOften,
  lagQuantile,
  lagChart,
  lagCsv,
  parseLags,
  wilsonInterval,
  roundTripMessage,
  type Lags,
  lagMessage,
} from './support/lags.ts'
import { parseJsonLines } from './support/lost-writes.ts'

const SAMPLES = 400
const PAUSE_MS = 10
/** Pipelined increments of the writer: enough to saturate the master from one client. */
const PIPELINE_DEPTH = 50

interface Series {
  readonly name: string
  readonly label: LabText
  readonly lags: Lags
}

/** Measures the replication lag, idle and under write load. */
export const lag = labExperiment(
  'Measure replication lag',
  {
    hosts: 'swarm_managers[0]',
    tags: ['redis', 'redis-lag'],
    disturbs: disturbsLabStack('under load'),
    hypothesis:
      'Replication is asynchronous: a master acknowledges a write before its replicas have it. Idle, the lag is about one network latency; under write load the replication stream queues, and the tail grows.',
    assertions: {
      'redis.replication.lag': 'Replication lag stays below one second, idle and under write load',
    },
    questions: { 'redis.replication.lag.load': 'Write load makes stale reads from replicas more frequent' },
    steadyState: startWithoutLabStacks,
    rollback: removeLabStacks,
  },
  async (on) => {
    const lab = await deployLabStack(on, 'replicas')
    const { server: master } = await currentMaster(on, lab)
    const nodeByService = await nodesOfServices(on, lab)
    const replicas = lab.servers.filter((server) => server !== master)
    const idle: Series[] = []
    const loaded: Series[] = []
    const began = performance.now()
    const nameOf = (replica: string): string => replica.split(':')[0] ?? ''
    for (const replica of replicas) {
      const server = nameOf(replica)
      idle.push({
        name: `${server} idle`,
        label: say('{server} idle', { server }),
        lags: await measure(on, lab, master, replica),
      })
    }
    // The writer runs on another node than the measuring client: over one connection they would wait for each other.
    const writer: string =
      (on.groups.swarm ?? []).find((node) => node !== on.hosts[0] && node !== nodeByService.get('redis')) ??
      ((on.groups.swarm ?? []).at(-1) as string)
    let increments = 0
    let writingSeconds = 0
    for (const replica of replicas) {
      const server = nameOf(replica)
      const seconds = 25
      const writing = on.exec({
        host: writer,
        command: clientCommand(lab.stack, 'load', master, 'noise', String(seconds), String(PIPELINE_DEPTH)),
        timeout: seconds + 30,
      })
      loaded.push({
        name: `${server} under writes`,
        label: say('{server} under writes', { server }),
        lags: await measure(on, lab, master, replica),
      })
      const [result] = parseJsonLines((await writing).stdout)
      increments += Number(result?.increments ?? 0)
      writingSeconds += Number(result?.seconds ?? 0)
    }
    const series = [...idle, ...loaded]
    const rate = writingSeconds > 0 ? increments / writingSeconds : 0
    const exhibit = on.record({
      title: 'Replication lag',
      durationMs: Math.round(performance.now() - began),
      command: say(
        '{n|time|times}, {pause} ms apart: INCR on the master, then GET on a replica until it returns the new value; idle, and under write load from another client',
        { n: SAMPLES, pause: PAUSE_MS },
      ),
      stdout: lines(
        tableOf(
          series.map(({ label, lags }) => [
            label,
            say('lag: {lag}; stale first reads: {stale}', { lag: lagMessage(lags), stale: lags.stale }),
          ]),
        ),
        '',
        tableOf(
          series.map(({ label, lags }) => [label, say('read round trip: {times}', { times: roundTripMessage(lags) })]),
        ),
        '',
        say('writer: {rate} increments/s from {writer}, pipeline depth {depth}', {
          rate: rate.toFixed(0),
          writer,
          depth: PIPELINE_DEPTH,
        }),
        say(
          'Lags are upper bounds: they include a read round trip and CPU wait of the client. A stale first read proves lag.',
        ),
      ),
      chart: lagChart(series),
      data: [{ name: 'lags.csv', text: lagCsv(series) }],
    })
    const [idleLags, loadedLags] = [mergeLags(idle.map(({ lags }) => lags)), mergeLags(loaded.map(({ lags }) => lags))]
    const complete = series.every(({ lags }) => lags.complete && lags.sorted.length + lags.late === SAMPLES) && rate > 0
    const worst = Math.max(lagQuantile(idleLags, 1), lagQuantile(loadedLags, 1))
    on.finding('redis.replication.lag', {
      holds: complete ? idleLags.late + loadedLags.late === 0 && worst < 1000 : null,
      evidence: [lab.deployed, exhibit],
      detail: say(
        'idle: lag {idle}, read round trip {idleTrip}; under {rate} increments/s: lag {loaded}, read round trip {loadedTrip}{missing}',
        {
          idle: lagMessage(idleLags),
          idleTrip: roundTripMessage(idleLags),
          rate: rate.toFixed(0),
          loaded: lagMessage(loadedLags),
          loadedTrip: roundTripMessage(loadedLags),
          missing: complete ? '' : say('; samples are missing'),
        },
      ),
      measured: {
        'p99 idle, at most': [lagQuantile(idleLags, 0.99), 'ms'],
        'p99 under writes, at most': [lagQuantile(loadedLags, 0.99), 'ms'],
      },
    })
    on.finding('redis.replication.lag.load', {
      holds: complete ? staleMoreOften(idleLags, loadedLags) : null,
      evidence: [exhibit],
      detail: say('stale first reads: {idle} idle, {loaded} under {rate} increments/s', {
        idle: staleText(idleLags),
        loaded: staleText(loadedLags),
        rate: rate.toFixed(0),
      }),
      measured: { 'old answers idle': [idleLags.stale, ''], 'old answers under writes': [loadedLags.stale, ''] },
    })
  },
)

function staleText({ stale, sorted, late }: Lags): Message {
  const total = sorted.length + late
  const [low = '', high = ''] = wilsonInterval(stale, total).map((fraction) => (fraction * 100).toFixed(1))
  return say('{stale} of {total} ({low} to {high} %, 95 % confidence)', { stale, total, low, high })
}

async function measure(on: LabContext, lab: LabStack, master: string, replica: string): Promise<Lags> {
  const { stdout } = await on.exec({
    command: clientCommand(lab.stack, 'lag', master, replica, 'lag', String(SAMPLES), String(PAUSE_MS)),
    timeout: 120,
  })
  return parseLags(stdout)
}
