import { experiment, type ExperimentContext } from '../../../../src/labbook.ts'
import { allWell } from '../../experiments/support/cluster.ts'
import { stackBeside } from './support/disturbs.ts'
import { clientCommand, deployLab, masterNow, nodesOfServices, removeLabs, type Lab } from './support/lab.ts'
import {
  allLags,
  behindMoreOften,
  lagAt,
  lagChart,
  lagCsv,
  lagText,
  readLags,
  shareBetween,
  tripText,
  type Lags,
} from './support/lags.ts'
import { readLines } from './support/losses.ts'

const SAMPLES = 400
const PAUSE_MS = 10
/** Increments that the writer sends together: as many as keep the master busy from one client. */
const TOGETHER = 50

interface State {
  readonly name: string
  readonly lags: Lags
}

/** How far behind is a replica? */
export const lag = experiment(
  'How far a replica is behind',
  {
    hosts: 'swarm_managers[0]',
    tags: ['redis', 'redis-lag'],
    disturbs: stackBeside('under load'),
    hypothesis:
      'A master acknowledges a change before its replicas have it. At rest they have it in about the time a packet takes; while many others write, it ' +
      'waits in a line with theirs, and the tail grows.',
    proves: {
      'redis.replication.lag':
        'A change that the master has acknowledged reaches its replicas within a second, idle and under write load',
    },
    asks: { 'redis.replication.lag.load': 'Under write load a replica answers with an old value more often' },
    start: async (on) => {
      await allWell(on)
      await removeLabs(on)
    },
    restore: removeLabs,
  },
  async (on) => {
    const lab = await deployLab(on, 'replicas')
    const { server: master } = await masterNow(on, lab)
    const places = await nodesOfServices(on, lab)
    const replicas = lab.servers.filter((server) => server !== master)
    const idle: State[] = []
    const loaded: State[] = []
    const began = performance.now()
    for (const replica of replicas)
      idle.push({ name: `${replica.split(':')[0]} idle`, lags: await measure(on, lab, master, replica) })
    // The one that writes is on another node than the one that measures: on one line to one host, one would wait for
    // the other.
    const writer =
      (on.groups.swarm ?? []).find((node) => node !== on.hosts[0] && node !== places.get('redis')) ??
      ((on.groups.swarm ?? []).at(-1) as string)
    let increments = 0
    let busy = 0
    for (const replica of replicas) {
      const seconds = 25
      const writing = on.look({
        host: writer,
        command: clientCommand(lab.stack, 'load', master, 'noise', String(seconds), String(TOGETHER)),
        timeout: seconds + 30,
      })
      loaded.push({ name: `${replica.split(':')[0]} under writes`, lags: await measure(on, lab, master, replica) })
      const [wrote] = readLines((await writing).stdout)
      increments += Number(wrote?.increments ?? 0)
      busy += Number(wrote?.seconds ?? 0)
    }
    const states = [...idle, ...loaded]
    const rate = busy > 0 ? increments / busy : 0
    const exhibit = on.record({
      title: 'Replication lag',
      durationMs: Math.round(performance.now() - began),
      command: `${SAMPLES} times, ${PAUSE_MS} ms apart: INCR at the master, then GET at a replica until it shows it; idle, and while another client writes`,
      stdout: [
        ...states.map(
          ({ name, lags }) => `${name.padEnd(32)} seen within: ${lagText(lags)}; ${lags.stale} first answers were old`,
        ),
        '',
        ...states.map(({ name, lags }) => `${name.padEnd(32)} a look by itself: ${tripText(lags)}`),
        '',
        `the writer made ${rate.toFixed(0)} increments/s from ${writer}, ${TOGETHER} sent together`,
        'Times are at most: they hold a look of the client, and its waiting for a CPU. A replica was behind for certain where its first answer was old.',
      ].join('\n'),
      chart: lagChart(states),
      data: [{ name: 'lags.csv', text: lagCsv(states) }],
    })
    const [rest, under] = [allLags(idle.map(({ lags }) => lags)), allLags(loaded.map(({ lags }) => lags))]
    const complete = states.every(({ lags }) => lags.whole && lags.sorted.length + lags.late === SAMPLES) && rate > 0
    const worst = Math.max(lagAt(rest, 1), lagAt(under, 1))
    on.finding('redis.replication.lag', {
      holds: complete ? rest.late + under.late === 0 && worst < 1000 : null,
      evidence: [lab.deployed, exhibit],
      detail:
        `at most, idle: ${lagText(rest)}, where a look by itself takes ${tripText(rest)}; under ${rate.toFixed(0)} increments/s: ${lagText(under)}, a look ${tripText(under)}` +
        (complete ? '' : '; not all samples were taken'),
      measured: {
        'p99 idle, at most': [lagAt(rest, 0.99), 'ms'],
        'p99 under writes, at most': [lagAt(under, 0.99), 'ms'],
      },
    })
    on.finding('redis.replication.lag.load', {
      holds: complete ? behindMoreOften(rest, under) : null,
      evidence: [exhibit],
      detail: `old first answers: ${oldText(rest)} idle, ${oldText(under)} under ${rate.toFixed(0)} increments/s`,
      measured: { 'old answers idle': [rest.stale, ''], 'old answers under writes': [under.stale, ''] },
    })
  },
)

function oldText({ stale, sorted, late }: Lags): string {
  const of = sorted.length + late
  return `${stale} of ${of} (${shareBetween(stale, of)
    .map((part) => (part * 100).toFixed(1))
    .join(' to ')} %, 95 % confidence)`
}

async function measure(on: ExperimentContext, lab: Lab, master: string, replica: string): Promise<Lags> {
  const { stdout } = await on.look({
    command: clientCommand(lab.stack, 'lag', master, replica, 'lag', String(SAMPLES), String(PAUSE_MS)),
    timeout: 120,
  })
  return readLags(stdout)
}
