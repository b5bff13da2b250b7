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

/** Steady-state check and rollback of the experiments that disturb the master. */
export const care = {
  start: async (on: Parameters<NonNullable<Experiment['start']>>[0]) => {
    await allWell(on)
    await removeLabs(on)
  },
  restore: restoreNodes,
}

/** Repeats the loss of the master. */
export async function severalTimes(on: ExperimentContext, lab: Lab, fault: 'power' | 'process'): Promise<Lost[]> {
  const lost: Lost[] = []
  const times = repeatsOf(on)
  for (let time = 1; time <= times; time++) {
    on.notice(
      `Topology ${lab.topology}, ${fault === 'power' ? 'node powered off' : 'Redis killed'}: ${time} of ${times}`,
    )
    lost.push(
      await loseMaster(
        on,
        lab,
        `Timeline: ${lab.topology}, ${fault === 'power' ? 'node powered off' : 'Redis killed'}, ${time}`,
        (master) => (fault === 'power' ? faultsOf(on, master.node).powerOff : killRedis(lab, master)),
        { nodeStays: fault === 'process' },
      ),
    )
  }
  return lost
}

const evidenceOf = (lab: Lab, lost: readonly Lost[]) => [lab.deployed, ...lost.flatMap(({ exhibits }) => exhibits)]
const sumOf = (lost: readonly Lost[], pick: (loss: Lost) => number): number =>
  lost.reduce((sum, loss) => sum + pick(loss), 0)
const lostIn = (lost: readonly Lost[]): number => sumOf(lost, ({ loss }) => loss?.lost ?? Number.NaN)

/** `0 of 213 lost; write outage 5.1 s to 6.3 s` for the comparison. */
export const cell = (lost: readonly Lost[]): string => {
  const { none } = lossVerdict(lost.map(({ loss }) => loss))
  const lostText =
    none === null
      ? 'lost writes unknown'
      : `${lostIn(lost)} of ${sumOf(lost, ({ loss }) => loss?.acknowledged ?? 0)} lost`
  return `${lostText}; write outage ${range(lost.map(({ writes }) => writes.outage))}`
}

const failedRequests = (lost: readonly Lost[]): string =>
  `${sumOf(lost, ({ all }) => all.failed)} of ${sumOf(lost, ({ all }) => all.sent)} requests through the other nodes failed`

/** Loses the master of topologies without failover: `replicas` and `single`. */
export const masterLoss = (table: Notebook): Experiment =>
  experiment(
    'Power off the Redis master without Sentinel',
    {
      hosts: HOSTS,
      tags: ['redis', 'redis-master-loss'],
      disturbs: masterLosesPower,
      hypothesis:
        'Replicas have the data, but none is promoted automatically: the app can neither write nor read until the node is back. The master then ' +
        'recovers its data from the append-only file.',
      proves: {
        'redis.master-loss.without-sentinel':
          'Replicas do not take over from a lost master: no write is acknowledged until its node is back',
        'redis.master-loss.kept': 'Recovered master has all acknowledged increments',
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
        table.note(topology, 'node lost', cell(lost), lost.at(-1)?.exhibits[1] ?? lab.deployed)
        table.note(topology, 'failover', 'none', lab.deployed)
        await removeLabs(on)
      }
      // At ten writes per second, the write outage may be slightly shorter than the master's downtime.
      const outOfService = all.filter(({ writes, away }) => writes.outage >= away - 0.5)
      const verdict = lossVerdict(all.map(({ loss }) => loss))
      on.finding('redis.master-loss.without-sentinel', {
        holds: outOfService.length === all.length,
        evidence,
        detail: `no write was acknowledged until recovery in ${outOfService.length} of ${all.length} runs (downtime ${range(all.map(({ away }) => away))}, ${outages(all)}); ${failedRequests(all)}${fewRepeats(repeatsOf(on))}`,
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

/** Powers off the node of the master under three Sentinels. */
export const failover = (table: Notebook): Experiment =>
  experiment(
    'Power off the Redis master with Sentinel',
    {
      hosts: HOSTS,
      tags: ['redis', 'redis-failover'],
      disturbs: masterLosesPower,
      hypothesis:
        'After five seconds without a response the Sentinels agree that the master is down and promote the replica with the most data. As a replica confirmed each increment ' +
        'before it was acknowledged, none is lost.',
      proves: {
        'redis.sentinel.failover': 'Sentinels promote a replica of the lost master, and writes succeed again',
        'redis.sentinel.failover.loss': 'Sentinel failover loses no acknowledged increment',
      },
      ...care,
    },
    async (on) => {
      const lab = await deployLab(on, 'sentinel', { app: true })
      tellFailover(on, lab, table, await severalTimes(on, lab, 'power'), 'redis.sentinel.failover')
    },
  )

/**
 * Reports the findings of a failover, and adds them to the comparison.
 *
 * @param required - requests that must succeed before the lost master is back.
 */
export function tellFailover(
  on: ExperimentContext,
  lab: Lab,
  table: Notebook,
  lost: readonly Lost[],
  id: string,
  required: 'reads' | 'writes' = 'writes',
): void {
  const times = failovers(lost)
  const evidence = evidenceOf(lab, lost)
  const verdict = lossVerdict(lost.map(({ loss }) => loss))
  on.finding(id, {
    holds: times.length === lost.length && lost.every(({ afterwards }) => afterwards[required] > 0),
    evidence,
    detail: `${times.length} of ${lost.length} failovers, after ${range(times)}; ${lost.map(({ afterwards }) => afterwards[required]).join(', ')} ${required} succeeded before the old master was back; ${outages(lost)}; ${failedRequests(lost)}${fewRepeats(lost.length)}`,
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
  table.note(lab.topology, 'node lost', cell(lost), lost.at(-1)?.exhibits[1] ?? lab.deployed)
  table.note(lab.topology, 'failover', range(times), lost.at(-1)?.exhibits[1] ?? lab.deployed)
}

/** Kills only the Redis process: Swarm restarts it on the same volume. */
export const killed = (table: Notebook): Experiment =>
  experiment(
    'Kill Redis in each topology',
    {
      hosts: HOSTS,
      tags: ['redis', 'redis-killed'],
      disturbs: stackBeside('its Redis is killed'),
      hypothesis:
        'Redis writes each increment to the kernel before it acknowledges it, and the kernel survives. Swarm restarts Redis within seconds; a failover ' +
        'may be faster or slower.',
      proves: { 'redis.killed': 'Killed Redis process loses no acknowledged increment in any topology' },
      ...care,
    },
    async (on) => {
      const all: Lost[] = []
      const summaries: string[] = []
      const evidence = []
      for (const topology of TOPOLOGIES as readonly Topology[]) {
        const lab = await deployLab(on, topology, { app: true })
        const lost = await severalTimes(on, lab, 'process')
        evidence.push(...evidenceOf(lab, lost))
        all.push(...lost)
        summaries.push(`${topology}: ${cell(lost)}`)
        table.note(topology, 'Redis killed', cell(lost), lost.at(-1)?.exhibits[1] ?? lab.deployed)
        await removeLabs(on)
      }
      on.finding('redis.killed', {
        holds: lossVerdict(all.map(({ loss }) => loss)).none,
        evidence,
        detail: `${summaries.join('. ')}${fewRepeats(repeatsOf(on))}`,
        measured: { 'increments lost': [lostIn(all), ''] },
      })
    },
  )
