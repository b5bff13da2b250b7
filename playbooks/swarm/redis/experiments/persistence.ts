import { setTimeout as sleep } from 'node:timers/promises'
import { experiment, type CareContext, type Exhibit, type ExperimentContext } from '../../../../src/labbook.ts'
import { quote } from '../../../../src/shell/quote.ts'
import { making, mending } from '../../../../src/lab/faults.ts'
import { faultsOf } from '../../../lab/faults.ts'
import { labOf } from '../../../lab/lab.ts'
import { columns } from '../../../../src/load/index.ts'
import { allWell, isReady, NODES, victim } from '../../experiments/support/cluster.ts'
import { lastWorker, losesPower } from '../../experiments/support/disturbs.ts'
import { stackBeside } from './support/disturbs.ts'
import { KEY, fewRepeats, repeatsOf } from './settings.ts'
import { keeperOf, KEEPING, keepingCompose, type Keeping } from './support/compose.ts'
import {
  allRun,
  CLIENT,
  clientCommand,
  containerOf,
  countIn,
  deployText,
  imagesInUse,
  LAB,
  removeLabs,
} from './support/lab.ts'
import { restoreNodes } from './support/losing.ts'
import { lossOf, lossVerdict, readLog, toldOf, type ClientLog, type Loss } from './support/losses.ts'

const WAYS = Object.keys(KEEPING) as Keeping[]
const PER_SECOND = 100
/** Long enough for one snapshot, and not for two. */
const UNTIL_KILLED_SECONDS = 7.5
const WRITING_SECONDS = 9

/** What came of one kill, of each way to keep data. */
type Round = Readonly<Record<Keeping, { readonly loss: Loss | undefined; readonly lastSecond: number }>>

/** What is lost when Redis ends at once. */
export const persistence = experiment(
  'Redis is killed: what was it keeping?',
  {
    hosts: 'swarm_managers[0]',
    tags: ['redis', 'redis-persistence'],
    disturbs: (on) => [...stackBeside('its Redis is killed')(on), ...losesPower(on, lastWorker(on))],
    hypothesis:
      "kill -9 ends a process, not the kernel, and what was written to a file is the kernel's: an append-only file loses nothing by it, however seldom it is " +
      'flushed to the disk. A snapshot loses what came after it, and without a file all is gone. Only a power cut tells "everysec" from "always".',
    proves: {
      'redis.persistence.none': 'Without a file, all acknowledged increments are lost when Redis is killed',
      'redis.persistence.snapshot': 'With snapshots, the increments since the last one are lost when Redis is killed',
      'redis.persistence.everysec':
        'With an append-only file that is flushed once a second, no acknowledged increment is lost when Redis is killed',
      'redis.persistence.always':
        'With an append-only file that is flushed before each answer, no acknowledged increment is lost when Redis is killed',
    },
    asks: {
      'redis.persistence.power-cut':
        'A power cut takes no more than the increments of the last two seconds with "everysec", and none with "always"',
    },
    start: async (on) => {
      await allWell(on)
      await removeLabs(on)
    },
    restore: restoreNodes,
  },
  async (on) => {
    const node = victim(on)
    const { counter, redis } = await imagesInUse(on)
    const deployed = await deployText(
      on,
      LAB,
      keepingCompose({ redisImage: redis, counterImage: counter, node, client: CLIENT() }),
      'Four ways to keep data',
    )
    await allRun(on, LAB)
    const repeats = repeatsOf(on)
    const rounds: Round[] = []
    const began = performance.now()
    for (let time = 1; time <= repeats; time++) {
      on.notice(`Redis killed: ${time} of ${repeats}`)
      rounds.push(
        await round(on, async () => {
          const { exitCode, stderr } = await on.look({ host: node, command: killAll })
          if (exitCode !== 0) throw new Error(`Redis could not be killed: ${stderr.trim()}`)
        }),
      )
    }
    const exhibit = on.record({
      title: 'Increments and losses',
      durationMs: Math.round(performance.now() - began),
      command: `${repeats} times: ${PER_SECOND} increments/s at each of four servers; docker kill --signal KILL after ${UNTIL_KILLED_SECONDS} s; GET when Swarm has started them again`,
      stdout: table(rounds),
    })
    tell(on, rounds, [deployed, exhibit])
    await powerCut(on, node, rounds, [deployed, exhibit])
  },
)

const killAll = WAYS.map((way) => `docker kill --signal KILL $(${containerOf(LAB, keeperOf(way))}) >/dev/null`)
  .join(' & ')
  .concat(' & wait')

const place = (way: Keeping): string => `${keeperOf(way)}:6379`

/** Four clients at once, from the manager's node, while something is done to the servers. */
async function round(on: ExperimentContext, strike: () => Promise<void>): Promise<Round> {
  const before = await counts(on)
  const clients = WAYS.map(
    (way) =>
      `(${clientCommand(LAB, 'increments', place(way), KEY, String(PER_SECOND), String(WRITING_SECONDS))} >/run/${LAB}-${keeperOf(way)}.log) &`,
  )
  const writing = on.look({ command: `${clients.join('\n')}\nwait`, timeout: 90 })
  await sleep(UNTIL_KILLED_SECONDS * 1000, undefined, { signal: on.signal })
  const struckAt = Date.now()
  await strike()
  await writing
  const logs = await Promise.all(
    WAYS.map(async (way) =>
      readLog((await on.look({ command: `cat ${quote(`/run/${LAB}-${keeperOf(way)}.log`)}` })).stdout),
    ),
  )
  await allRun(on, LAB)
  const after = await counts(on)
  return Object.fromEntries(
    WAYS.map((way, i) => {
      const log = logs[i] as ClientLog
      return [
        way,
        {
          loss: log.whole ? lossOf(toldOf(log.changes), before[way], after[way]) : undefined,
          lastSecond: log.changes.filter(({ was, at }) => was === 'ok' && at >= struckAt - 1000 && at <= struckAt)
            .length,
        },
      ]
    }),
  ) as unknown as Round
}

/** Of each server, as soon as it answers again. */
async function counts(on: Pick<CareContext, 'look' | 'hosts' | 'signal'>): Promise<Record<Keeping, number>> {
  const found: Partial<Record<Keeping, number>> = {}
  for (let tries = 0; tries < 40 && WAYS.some((way) => Number.isNaN(found[way] ?? Number.NaN)); tries++) {
    for (const way of WAYS)
      if (Number.isNaN(found[way] ?? Number.NaN)) found[way] = await countIn(on, { stack: LAB }, place(way))
    if (WAYS.some((way) => Number.isNaN(found[way] ?? Number.NaN))) await sleep(1000, undefined, { signal: on.signal })
  }
  return found as Record<Keeping, number>
}

const lossesOf = (rounds: readonly Round[], way: Keeping): (Loss | undefined)[] => rounds.map((each) => each[way].loss)

function tell(on: ExperimentContext, rounds: readonly Round[], evidence: readonly Exhibit[]): void {
  const few = fewRepeats(rounds.length)
  const known = (way: Keeping): Loss[] => lossesOf(rounds, way).filter((loss) => loss !== undefined)
  const finding = (way: Keeping, id: string, holds: boolean | null): void => {
    on.finding(id, {
      holds,
      evidence,
      detail: lossVerdict(lossesOf(rounds, way)).says + few,
      measured: {
        'increments lost': [known(way).reduce((sum, { lost }) => sum + lost, 0) / Math.max(1, known(way).length), ''],
      },
    })
  }
  const all = (way: Keeping, judge: (loss: Loss) => boolean): boolean | null =>
    known(way).length < rounds.length ? null : known(way).every(judge)
  // What is acknowledged after Redis is back begins anew, and is there.
  finding(
    'no file',
    'redis.persistence.none',
    all('no file', ({ acknowledged, lost }) => lost > acknowledged / 2),
  )
  finding(
    'snapshot',
    'redis.persistence.snapshot',
    all('snapshot', ({ acknowledged, lost }) => lost > 0 && lost < acknowledged),
  )
  finding('everysec', 'redis.persistence.everysec', lossVerdict(lossesOf(rounds, 'everysec')).none)
  finding('always', 'redis.persistence.always', lossVerdict(lossesOf(rounds, 'always')).none)
}

/**
 * The kernel of a node made of namespaces is the machine's, and outlives it: there a power cut is no other than a kill.
 */
async function powerCut(
  on: ExperimentContext,
  node: string,
  killed: readonly Round[],
  evidence: readonly Exhibit[],
): Promise<void> {
  const perSecond = Math.max(...killed.map(({ everysec }) => everysec.lastSecond))
  const bound = `with "everysec" up to ${perSecond} a second were acknowledged before a kill, and a flush may be two seconds old: a power cut could take some ${perSecond * 2}, with "always" none`
  const lab = labOf(on)
  if (lab?.provider === 'namespaces' && lab.nodes.some(({ name }) => name === node)) {
    on.finding('redis.persistence.power-cut', {
      holds: null,
      evidence,
      detail: `the kernel of ${node} is this machine's and goes on when the node is cut from power, so nothing that Redis wrote could be lost here. By what was measured, ${bound}`,
    })
    return
  }
  const fault = faultsOf(on, node).powerOff
  const rounds: Round[] = []
  const began = performance.now()
  for (let time = 1; time <= repeatsOf(on); time++) {
    rounds.push(
      await round(on, async () => {
        await on.look(making(fault))
        await sleep(5000)
        await on.look(mending(fault))
        await on.watch({
          title: `${node} is Ready`,
          command: NODES,
          within: 300,
          until: ({ stdout }) => isReady(stdout, node),
        })
      }),
    )
  }
  const exhibit = on.record({
    title: 'Increments and power cuts',
    command: fault.says,
    stdout: table(rounds),
    durationMs: Math.round(performance.now() - began),
  })
  const [some, always] = [lossesOf(rounds, 'everysec'), lossesOf(rounds, 'always')]
  const most = Math.max(0, ...some.map((loss) => loss?.lost ?? 0))
  on.finding('redis.persistence.power-cut', {
    holds: [...some, ...always].includes(undefined) ? null : most <= perSecond * 2 && lossVerdict(always).none === true,
    evidence: [...evidence, exhibit],
    detail: `everysec: ${lossVerdict(some).says}. always: ${lossVerdict(always).says}. Before, by kills: ${bound}`,
  })
}

const table = (rounds: readonly Round[]): string =>
  columns([
    ['KEPT BY', 'TIME', 'ACKNOWLEDGED', 'UNSURE', 'ADDED', 'LOST', 'IN THE LAST SECOND'],
    ...WAYS.flatMap((way) =>
      rounds.map((each, time) => {
        const { loss, lastSecond } = each[way]
        return [
          way,
          time + 1,
          loss?.acknowledged ?? '?',
          loss?.unsure ?? '?',
          loss?.added ?? '?',
          loss?.lost ?? 'not known',
          lastSecond,
        ]
      }),
    ),
  ]).join('\n')
