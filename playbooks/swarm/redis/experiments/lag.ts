import { experiment, type ExperimentContext } from '../../../../src/labbook.ts'
import { allWell } from '../../experiments/support/cluster.ts'
import { clientCommand, deployLab, masterNow, nodesOfServices, removeLabs, type Lab } from './support/lab.ts'
import { lagAt, lagChart, lagCsv, lagText, readLags, type Lags } from './support/lags.ts'
import { readLines } from './support/losses.ts'

const SAMPLES = 400
const PAUSE_MS = 10
/** Increments that the writer sends together: as many as keep the master busy from one client. */
const TOGETHER = 50

interface State { readonly name: string; readonly lags: Lags }

/** How far behind is a replica? */
export const lag = experiment('How far a replica is behind', {
  hosts: 'swarm_managers[0]',
  tags: ['redis', 'redis-lag'],
  hypothesis: 'A master acknowledges a change before its replicas have it. At rest they have it in about the time a packet takes; while many others write, it '
    + 'waits in a line with theirs, and the tail grows.',
  proves: { 'redis.replication.lag': 'A change that the master has acknowledged reaches its replicas within a second, idle and under write load' },
  asks: { 'redis.replication.lag.load': 'Write load makes a replica lag more: at least twice as long for 99 of 100 changes' },
  start: async (on) => {
    await allWell(on)
    await removeLabs(on)
  },
  restore: removeLabs,
}, async (on) => {
  const lab = await deployLab(on, 'replicas')
  const { server: master } = await masterNow(on, lab)
  const places = await nodesOfServices(on, lab)
  const replicas = lab.servers.filter((server) => server !== master)
  const idle: State[] = []
  const loaded: State[] = []
  const began = performance.now()
  for (const replica of replicas) idle.push({ name: `${replica.split(':')[0]} idle`, lags: await measure(on, lab, master, replica) })
  // The one that writes is on another node than the one that measures: on one line to one host, one would wait for the other.
  const writer = (on.groups.swarm ?? []).find((node) => node !== on.hosts[0] && node !== places.get('redis')) ?? (on.groups.swarm ?? []).at(-1) as string
  let increments = 0
  let busy = 0
  for (const replica of replicas) {
    const seconds = 25
    const writing = on.look({ host: writer, command: clientCommand(lab.stack, 'load', master, 'noise', String(seconds), String(TOGETHER)), timeout: seconds + 30 })
    loaded.push({ name: `${replica.split(':')[0]} under writes`, lags: await measure(on, lab, master, replica) })
    const [wrote] = readLines((await writing).stdout)
    increments += Number(wrote?.increments ?? 0)
    busy += Number(wrote?.seconds ?? 0)
  }
  const states = [...idle, ...loaded]
  const rate = busy > 0 ? increments / busy : 0
  const exhibit = on.record({
    title: 'Replication lag', durationMs: Math.round(performance.now() - began),
    command: `${SAMPLES} times, ${PAUSE_MS} ms apart: INCR at the master, then GET at a replica until it shows it; idle, and while another client writes`,
    stdout: [
      ...states.map(({ name, lags }) => `${name.padEnd(32)} ${lagText(lags)}; ${lags.atOnce} were there at the first look`),
      '', `the writer made ${rate.toFixed(0)} increments/s from ${writer}, ${TOGETHER} sent together`,
      `a question to a replica and its answer took ${states.map(({ lags }) => lags.roundTrip.toFixed(2)).join(', ')} ms: nothing finer can be told`,
    ].join('\n'),
    chart: lagChart(states), data: [{ name: 'lags.csv', text: lagCsv(states) }],
  })
  const all = (some: readonly State[]): Lags => ({
    sorted: some.flatMap(({ lags }) => lags.sorted).sort((a, b) => a - b), late: some.reduce((sum, { lags }) => sum + lags.late, 0), roundTrip: 0, atOnce: 0, whole: true,
  })
  const [rest, under] = [all(idle), all(loaded)]
  const complete = states.every(({ lags }) => lags.whole && lags.sorted.length + lags.late === SAMPLES) && rate > 0
  const [worst, p99] = [Math.max(lagAt(rest, 1), lagAt(under, 1)), [lagAt(rest, 0.99), lagAt(under, 0.99)] as const]
  on.finding('redis.replication.lag', {
    holds: complete ? rest.late + under.late === 0 && worst < 1000 : null, evidence: [lab.deployed, exhibit],
    detail: `idle: ${lagText(rest)}; under ${rate.toFixed(0)} increments/s: ${lagText(under)}${complete ? '' : '; not all samples were taken'}`,
    measured: { 'p99 idle': [p99[0], 'ms'], 'p99 under writes': [p99[1], 'ms'] },
  })
  on.finding('redis.replication.lag.load', {
    holds: complete && !p99.some(Number.isNaN) ? p99[1] >= 2 * p99[0] : null, evidence: [exhibit], detail: `p99 ${p99[0].toFixed(2)} ms idle, ${p99[1].toFixed(2)} ms under writes`,
  })
})

async function measure(on: ExperimentContext, lab: Lab, master: string, replica: string): Promise<Lags> {
  const { stdout } = await on.look({ command: clientCommand(lab.stack, 'lag', master, replica, 'lag', String(SAMPLES), String(PAUSE_MS)), timeout: 120 })
  return readLags(stdout)
}
