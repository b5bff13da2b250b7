import { experiment, type Experiment, type ExperimentContext } from '../../../../src/labbook.ts'
import { faultsOf } from '../../../lab/faults.ts'
import { allWell } from '../../experiments/support/cluster.ts'
import type { Notebook } from './notebook.ts'
import { fewRepeats, repeatsOf } from './settings.ts'
import { TOPOLOGIES, type Topology } from '../variables.ts'
import { masterLosesPower, stackBeside } from './support/disturbs.ts'
import { deployLab, removeLabs, type Lab } from './support/lab.ts'
import { failovers, killRedis, loseMaster, mean, outages, range, restoreNodes, type Lost } from './support/losing.ts'
import { lossVerdict } from './support/losses.ts'

const HOSTS = 'swarm_managers[0]'

/** What these begin and end with. */
export const care = {
  start: async (on: Parameters<NonNullable<Experiment['start']>>[0]) => {
    await allWell(on)
    await removeLabs(on)
  },
  restore: restoreNodes,
}

/** Loses the master several times over. */
export async function severalTimes(on: ExperimentContext, lab: Lab, way: 'power' | 'process'): Promise<Lost[]> {
  const lost: Lost[] = []
  const times = repeatsOf(on)
  for (let time = 1; time <= times; time++) {
    on.notice(`${lab.topology}, ${way === 'power' ? 'node lost' : 'Redis killed'}: ${time} of ${times}`)
    lost.push(
      await loseMaster(
        on,
        lab,
        `Timeline: ${lab.topology}, ${way === 'power' ? 'node lost' : 'Redis killed'}, ${time}`,
        (master) => (way === 'power' ? faultsOf(on, master.node).powerOff : killRedis(lab, master)),
        { nodeStays: way === 'process' },
      ),
    )
  }
  return lost
}

const evidenceOf = (lab: Lab, lost: readonly Lost[]) => [lab.deployed, ...lost.flatMap(({ exhibits }) => exhibits)]
const sumOf = (lost: readonly Lost[], pick: (one: Lost) => number): number =>
  lost.reduce((sum, one) => sum + pick(one), 0)
const lostIn = (lost: readonly Lost[]): number => sumOf(lost, ({ loss }) => loss?.lost ?? Number.NaN)

/** `0 of 213 lost; away 5.1 s to 6.3 s` for the comparison. */
export const cell = (lost: readonly Lost[]): string => {
  const { none } = lossVerdict(lost.map(({ loss }) => loss))
  const says =
    none === null
      ? 'cannot tell what is lost'
      : `${lostIn(lost)} of ${sumOf(lost, ({ loss }) => loss?.acknowledged ?? 0)} lost`
  return `${says}; writes away ${range(lost.map(({ writes }) => writes.outage))}`
}

const failed = (lost: readonly Lost[]): string =>
  `${sumOf(lost, ({ all }) => all.failed)} of ${sumOf(lost, ({ all }) => all.sent)} requests through the other nodes failed meanwhile`

/** A master with replicas, and nobody who would make one of them master; and one Redis alone, for comparison. */
export const masterLoss = (notebook: Notebook): Experiment =>
  experiment(
    'The master is lost, and no Sentinel is there',
    {
      hosts: HOSTS,
      tags: ['redis', 'redis-master-loss'],
      disturbs: masterLosesPower,
      hypothesis:
        'Replicas have the data, but none takes over by itself: nothing can be written, or read through the app, until someone acts. When the node is back, so ' +
        'is the master with what its file has.',
      proves: {
        'redis.master-loss.without-sentinel':
          'With the node of the master gone, no write is acknowledged until it is back: replicas do not take over by themselves',
        'redis.master-loss.kept': 'When the node is back, no acknowledged increment is missing',
      },
      ...care,
    },
    async (on) => {
      const all: Lost[] = []
      const evidence = []
      for (const topology of ['replicas', 'single'] as const) {
        const lab = await deployLab(on, topology, { app: true })
        const lost = await severalTimes(on, lab, 'power')
        evidence.push(...evidenceOf(lab, lost))
        all.push(...lost)
        notebook.note(topology, 'node lost', cell(lost), lost.at(-1)?.exhibits[1] ?? lab.deployed)
        notebook.note(topology, 'failover', 'none', lab.deployed)
        await removeLabs(on)
      }
      // Writes come ten times a second: the stretch without any may be a little shorter than the time without a master.
      const stopped = all.filter(({ writes, away }) => writes.outage >= away - 0.5)
      const verdict = lossVerdict(all.map(({ loss }) => loss))
      on.finding('redis.master-loss.without-sentinel', {
        holds: stopped.length === all.length,
        evidence,
        detail: `in ${stopped.length} of ${all.length} times no write was acknowledged until the node was given back (${range(all.map(({ away }) => away))}; ${outages(all)}); ${failed(all)}${fewRepeats(repeatsOf(on))}`,
        measured: { 'longest stretch without a write': [mean(all.map(({ writes }) => writes.outage)), 's'] },
      })
      on.finding('redis.master-loss.kept', {
        holds: verdict.none,
        evidence,
        detail: verdict.says,
        measured: { 'increments lost': [lostIn(all), ''] },
      })
    },
  )

/** Three Sentinels, and the node of the master gone. */
export const failover = (notebook: Notebook): Experiment =>
  experiment(
    'Sentinel: the node of the master is lost',
    {
      hosts: HOSTS,
      tags: ['redis', 'redis-failover'],
      disturbs: masterLosesPower,
      hypothesis:
        'The Sentinels miss the master after five seconds, agree, and make the replica with the most data master. As each increment was confirmed by a replica ' +
        'before it was acknowledged, none is missing.',
      proves: {
        'redis.sentinel.failover':
          "With the node of the master gone, another server is master and writes go on without anyone's help",
        'redis.sentinel.failover.loss': 'No acknowledged increment is lost by the failover',
      },
      ...care,
    },
    async (on) => {
      const lab = await deployLab(on, 'sentinel', { app: true })
      tellFailover(on, lab, notebook, await severalTimes(on, lab, 'power'), 'redis.sentinel.failover')
    },
  )

/**
 * Says what came of a failover, and notes it for the comparison.
 *
 * @param goesOn - what has to succeed before the lost one is back.
 */
export function tellFailover(
  on: ExperimentContext,
  lab: Lab,
  notebook: Notebook,
  lost: readonly Lost[],
  id: string,
  goesOn: 'reads' | 'writes' = 'writes',
): void {
  const times = failovers(lost)
  const evidence = evidenceOf(lab, lost)
  const verdict = lossVerdict(lost.map(({ loss }) => loss))
  on.finding(id, {
    holds: times.length === lost.length && lost.every(({ afterwards }) => afterwards[goesOn] > 0),
    evidence,
    detail: `${times.length} of ${lost.length} times another server was master, after ${range(times)}, and ${lost.map(({ afterwards }) => afterwards[goesOn]).join(', ')} ${goesOn} succeeded before the old one was back; ${outages(lost)}; ${failed(lost)}${fewRepeats(lost.length)}`,
    measured: {
      ...(times.length > 0 ? { 'time to a new master': [mean(times), 's'] as const } : {}),
      'longest stretch without a write': [mean(lost.map(({ writes }) => writes.outage)), 's'],
      'failed requests': [mean(lost.map(({ all }) => all.failed)), ''],
    },
  })
  on.finding(`${id}.loss`, {
    holds: verdict.none,
    evidence,
    detail: verdict.says + fewRepeats(lost.length),
    measured: { 'increments lost': [lostIn(lost), ''] },
  })
  notebook.note(lab.topology, 'node lost', cell(lost), lost.at(-1)?.exhibits[1] ?? lab.deployed)
  notebook.note(lab.topology, 'failover', range(times), lost.at(-1)?.exhibits[1] ?? lab.deployed)
}

/** The process alone is killed: Swarm starts it again on the same volume. */
export const killed = (notebook: Notebook): Experiment =>
  experiment(
    'Redis is killed, in each topology',
    {
      hosts: HOSTS,
      tags: ['redis', 'redis-killed'],
      disturbs: stackBeside('its Redis is killed'),
      hypothesis:
        'The file was given to the kernel before each increment was acknowledged, and the kernel lives on. Swarm starts Redis again in seconds; a failover ' +
        'may or may not be quicker.',
      proves: { 'redis.killed': 'When the Redis process is killed, no acknowledged increment is lost in any topology' },
      ...care,
    },
    async (on) => {
      const all: Lost[] = []
      const said: string[] = []
      const evidence = []
      for (const topology of TOPOLOGIES as readonly Topology[]) {
        const lab = await deployLab(on, topology, { app: true })
        const lost = await severalTimes(on, lab, 'process')
        evidence.push(...evidenceOf(lab, lost))
        all.push(...lost)
        said.push(`${topology}: ${cell(lost)}`)
        notebook.note(topology, 'Redis killed', cell(lost), lost.at(-1)?.exhibits[1] ?? lab.deployed)
        await removeLabs(on)
      }
      on.finding('redis.killed', {
        holds: lossVerdict(all.map(({ loss }) => loss)).none,
        evidence,
        detail: `${said.join('. ')}${fewRepeats(repeatsOf(on))}`,
        measured: { 'increments lost': [lostIn(all), ''] },
      })
    },
  )
