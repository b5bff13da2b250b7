import { experiment, type Experiment, type ExperimentContext } from '../../../../src/labbook.ts'
import { faultsOf } from '../../../lab/faults.ts'
import { seconds } from '../../experiments/support/cluster.ts'
import { care, cell } from './master-lost.ts'
import type { Notebook } from './notebook.ts'
import { fewRepeats, repeatsOf } from './settings.ts'
import { notManager, struck } from '../../experiments/support/disturbs.ts'
import { stackBeside } from './support/disturbs.ts'
import { ask, deployLab, removeLabs, type Lab } from './support/lab.ts'
import { failovers, loseMaster, range, type Lost } from './support/losing.ts'
import { lossVerdict } from './support/losses.ts'

/**
 * The client on the cut-off side writes for so long: well beyond the ten seconds in which a master that hears of no
 * replica still takes changes.
 */
const CUT_SECONDS = 27

interface Way {
  readonly name: string
  readonly minReplicas: number
  /** Of the client on the cut-off side. */
  readonly waitReplicas: number
}

const UNPROTECTED: Way = { name: 'no protection', minReplicas: 0, waitReplicas: 0 }
const MIN_REPLICAS: Way = { name: 'min-replicas-to-write 1', minReplicas: 1, waitReplicas: 0 }
const CONFIRMED: Way = { name: 'min-replicas-to-write 1, and WAIT 1', minReplicas: 1, waitReplicas: 1 }

/** The master goes on where nobody but one client reaches it, and a second one is made: a split brain. */
export const cutOff = (notebook: Notebook): Experiment =>
  experiment(
    'The master is cut off',
    {
      hosts: 'swarm_managers[0]',
      tags: ['redis', 'redis-cut-off'],
      disturbs: (on) => [
        ...stackBeside()(on),
        ...notManager(on).map((host) => struck(faultsOf(on, host).cutOff, host)),
      ],
      hypothesis:
        'Where the master goes on, a client beside it writes to it while the others write to the new one. When the cut is mended the old one takes over the ' +
        'data of the new, and what it acknowledged is gone: all of it without protection, that of some ten seconds with min-replicas-to-write, none where the client ' +
        'counts only what a replica has confirmed.',
      proves: {
        'redis.sentinel.cut-off':
          'With the node of the master cut off, another server is master on the side of the majority, and writes go on there',
        'redis.sentinel.cut-off.unprotected': 'Without protection, what the cut-off master acknowledged is lost',
        'redis.sentinel.cut-off.min-replicas':
          'min-replicas-to-write makes the cut-off master refuse changes after some seconds, so that less is lost',
        'redis.sentinel.cut-off.confirmed': 'With min-replicas-to-write and WAIT, no acknowledged increment is lost',
        'redis.cluster.cut-off.confirmed':
          "In a cluster as it is deployed, with WAIT, no acknowledged increment is lost when the counter's master is cut off",
      },
      ...care,
    },
    async (on) => {
      const lab = await deployLab(on, 'sentinel', { app: true })
      const [open, some, safe] = [
        await cut(on, lab, UNPROTECTED),
        await cut(on, lab, MIN_REPLICAS),
        await cut(on, lab, CONFIRMED),
      ]
      const all = [...open, ...some, ...safe]
      const shown = (lost: readonly Lost[]) => [lab.deployed, ...lost.flatMap(({ exhibits }) => exhibits)]
      const few = fewRepeats(repeatsOf(on))
      on.finding('redis.sentinel.cut-off', {
        holds: failovers(all).length === all.length && all.every(({ afterwards }) => afterwards.writes > 0),
        evidence: shown(all),
        detail: `${failovers(all).length} of ${all.length} times, after ${range(failovers(all))}, and ${all.map(({ afterwards }) => afterwards.writes).join(', ')} writes succeeded there before the cut was mended; meanwhile writes through the other nodes failed for ${range(all.map(({ writes }) => writes.outage))}${few}`,
        measured: { 'time to a new master': [Math.max(0, ...failovers(all)), 's'] },
      })
      on.finding('redis.sentinel.cut-off.unprotected', {
        holds: unknown(open) ? null : open.every(({ loss }) => (loss?.lost ?? 0) > 0),
        evidence: shown(open),
        detail: `${told(open)}${few}`,
        measured: { 'increments lost': [most(open), ''] },
      })
      on.finding('redis.sentinel.cut-off.min-replicas', {
        holds: unknown(some) || unknown(open) ? null : refused(some) && most(some) < least(open),
        evidence: shown(some),
        detail: `${told(some)}; without it ${open.map(({ loss }) => loss?.lost ?? '?').join(', ')} were lost${few}`,
        measured: { 'increments lost': [most(some), ''] },
      })
      const verdict = lossVerdict(safe.map(({ loss }) => loss))
      on.finding('redis.sentinel.cut-off.confirmed', {
        holds: unknown(safe) && verdict.none === true ? null : verdict.none,
        evidence: shown(safe),
        detail: `${verdict.says}. ${told(safe)}${few}`,
        measured: { 'increments lost': [most(safe), ''] },
      })
      notebook.note('sentinel', 'node cut off', cell(safe), safe.at(-1)?.exhibits[1] ?? lab.deployed)
      await removeLabs(on)

      const cluster = await deployLab(on, 'cluster', { app: true })
      const parted = await cut(on, cluster, { ...CONFIRMED, name: 'as deployed, and WAIT 1' })
      const kept = lossVerdict(parted.map(({ loss }) => loss))
      on.finding('redis.cluster.cut-off.confirmed', {
        holds: unknown(parted) && kept.none === true ? null : kept.none,
        evidence: [cluster.deployed, ...parted.flatMap(({ exhibits }) => exhibits)],
        detail: `${kept.says}. ${told(parted)}${few}`,
        measured: { 'increments lost': [most(parted), ''] },
      })
      notebook.note('cluster', 'node cut off', cell(parted), parted.at(-1)?.exhibits[1] ?? cluster.deployed)
    },
  )

async function cut(on: ExperimentContext, lab: Lab, { name, minReplicas, waitReplicas }: Way): Promise<Lost[]> {
  const lost: Lost[] = []
  for (let time = 1; time <= repeatsOf(on); time++) {
    on.notice(`${lab.topology} cut off, ${name}: ${time} of ${repeatsOf(on)}`)
    lost.push(
      await loseMaster(
        on,
        lab,
        `Timeline: ${lab.topology} cut off, ${name}, ${time}`,
        ({ node }) => faultsOf(on, node).cutOff,
        {
          isolated: { waitReplicas, seconds: CUT_SECONDS },
          // Those that were started anew after the last cut have what they were deployed with.
          before: async () => {
            await ask(on, lab, lab.servers, ['CONFIG', 'SET', 'min-replicas-to-write', String(minReplicas)])
          },
        },
      ),
    )
  }
  return lost
}

/** The client's log has to be whole: what it was told last may be what is lost. */
const unknown = (lost: readonly Lost[]): boolean =>
  lost.some(({ loss, isolated }) => loss === undefined || isolated?.whole !== true)
const most = (lost: readonly Lost[]): number => Math.max(...lost.map(({ loss }) => loss?.lost ?? 0))
const least = (lost: readonly Lost[]): number => Math.min(...lost.map(({ loss }) => loss?.lost ?? 0))
const refused = (lost: readonly Lost[]): boolean =>
  lost.every(
    ({ isolated }) => isolated?.changes.some(({ was, why = '' }) => was === 'no' && /NOREPLICAS/.test(why)) === true,
  )

const told = (lost: readonly Lost[]): string =>
  `after the cut the master acknowledged ${lost.map(({ isolated }) => isolated?.acknowledged ?? 0).join(', ')} increments of the client beside it, ` +
  `the last ${range(lost.map(({ isolated }) => isolated?.lastAt ?? 0))} after it; lost: ${lost.map(({ loss }) => loss?.lost ?? 'not known').join(', ')} ` +
  `of ${lost.map(({ loss }) => loss?.acknowledged ?? '?').join(', ')} acknowledged in all${lost.every(({ isolated }) => isolated?.whole === true) ? '' : `; the client\'s log was cut short (${seconds(CUT_SECONDS)} were asked for)`}`
