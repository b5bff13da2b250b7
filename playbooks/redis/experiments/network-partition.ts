import { type Experiment, type MessageList } from 'labbook'
import { labExperiment, type LabContext, say, inSeconds, joinTexts } from '../../messages/say.ts'
import { faultsOf, disturbanceOf } from '../../lab/faults.ts'
import { steadyStateAndRollback, comparisonMessage } from './master-failure.ts'
import type { ComparisonTable } from './comparison-table.ts'
import { lowRepeatNote, repeatCount } from './settings.ts'
import { nonManagers } from '../../swarm/experiments/support/disturbs.ts'
import { disturbsLabStack } from './support/disturbs.ts'
import { query } from './support/client.ts'
import { deployLabStack, type LabStack } from './support/lab-stack.ts'
import { removeLabStacks } from './support/remove-stacks.ts'
import { loseMaster, type MasterLoss } from './support/lose-master.ts'
import { failoverTimes, range } from './support/loss-summary.ts'
import { lossVerdict } from './support/lost-writes.ts'

/**
 * How long the isolated client writes: well beyond the 10 s in which a master without replicas still accepts writes.
 */
const WRITE_SECONDS = 27

interface Protection {
  readonly name: string
  readonly minReplicas: number
  /** Replicas that must confirm each write of the isolated client (WAIT). */
  readonly waitReplicas: number
}

const UNPROTECTED: Protection = { name: 'no protection', minReplicas: 0, waitReplicas: 0 }
const MIN_REPLICAS: Protection = { name: 'min-replicas-to-write 1', minReplicas: 1, waitReplicas: 0 }
const CONFIRMED: Protection = { name: 'min-replicas-to-write 1 and WAIT 1', minReplicas: 1, waitReplicas: 1 }

/** Isolates the master with one client, so that a second master is elected: a split brain. */
export const cutOff = (table: ComparisonTable): Experiment =>
  labExperiment(
    'Partition the Redis master from the network',
    {
      hosts: 'swarm_managers[0]',
      tags: ['redis', 'redis-cut-off'],
      disturbs: (on) => [
        ...disturbsLabStack()(on),
        ...nonManagers(on).map((host) => disturbanceOf(faultsOf(on, host).partition, host)),
      ],
      hypothesis:
        'A client on the node of the isolated master writes to it while the others write to the new master. When the partition heals, the old master resyncs from the new one and discards the writes it acknowledged: all of them without protection, about ten seconds of them with min-replicas-to-write, none if the client counts only writes confirmed by a replica.',
      assertions: {
        'redis.sentinel.cut-off':
          'Sentinels promote a replica on the majority side of a network partition, and writes succeed there',
        'redis.sentinel.cut-off.unprotected': 'Isolated master loses acknowledged writes without protection',
        'redis.sentinel.cut-off.min-replicas':
          'min-replicas-to-write makes the isolated master refuse writes, so that fewer are lost',
        'redis.sentinel.cut-off.confirmed': 'min-replicas-to-write with WAIT loses no acknowledged increment',
        'redis.cluster.cut-off.confirmed':
          "Cluster with WAIT loses no acknowledged increment when the counter's master is isolated",
      },
      ...steadyStateAndRollback,
    },
    async (on) => {
      const lab = await deployLabStack(on, 'sentinel', { app: true })
      const [unprotected, minReplicas, confirmed] = [
        await isolateMaster(on, lab, UNPROTECTED),
        await isolateMaster(on, lab, MIN_REPLICAS),
        await isolateMaster(on, lab, CONFIRMED),
      ]
      const all = [...unprotected, ...minReplicas, ...confirmed]
      const evidenceOf = (lost: readonly MasterLoss[]) => [lab.deployed, ...lost.flatMap(({ exhibits }) => exhibits)]
      const note = lowRepeatNote(repeatCount(on))
      on.finding('redis.sentinel.cut-off', {
        holds:
          failoverTimes(all).length === all.length &&
          all.every(({ afterFailover: afterwards }) => afterwards.writes > 0),
        evidence: evidenceOf(all),
        detail: say(
          '{failovers} of {runs} failovers, after {time}; {writes} writes succeeded before the partition healed; write outage through the other nodes {outage}{note}',
          {
            failovers: failoverTimes(all).length,
            runs: all.length,
            time: range(failoverTimes(all)),
            writes: joinTexts(all.map(({ afterFailover: afterwards }) => afterwards.writes)),
            outage: range(all.map(({ writes }) => writes.outage)),
            note,
          },
        ),
        measured: { 'time to a new master': [Math.max(0, ...failoverTimes(all)), 's'] },
      })
      on.finding('redis.sentinel.cut-off.unprotected', {
        holds: isInconclusive(unprotected) ? null : unprotected.every(({ loss }) => (loss?.lost ?? 0) > 0),
        evidence: evidenceOf(unprotected),
        detail: joinTexts([describeLoss(unprotected), note], ''),
        measured: { 'increments lost': [maxLost(unprotected), ''] },
      })
      on.finding('redis.sentinel.cut-off.min-replicas', {
        holds:
          isInconclusive(minReplicas) || isInconclusive(unprotected)
            ? null
            : refusedWrites(minReplicas) && maxLost(minReplicas) < minLost(unprotected),
        evidence: evidenceOf(minReplicas),
        detail: say('{loss}; without min-replicas-to-write {unprotected} lost{note}', {
          loss: describeLoss(minReplicas),
          unprotected: joinTexts(unprotected.map(({ loss }) => loss?.lost ?? '?')),
          note,
        }),
        measured: { 'increments lost': [maxLost(minReplicas), ''] },
      })
      const verdict = lossVerdict(confirmed.map(({ loss }) => loss))
      on.finding('redis.sentinel.cut-off.confirmed', {
        holds: isInconclusive(confirmed) && verdict.none === true ? null : verdict.none,
        evidence: evidenceOf(confirmed),
        detail: joinTexts([joinTexts([verdict.summary, describeLoss(confirmed)], '; '), note], ''),
        measured: { 'increments lost': [maxLost(confirmed), ''] },
      })
      table.set('sentinel', 'node cut off', comparisonMessage(confirmed), confirmed.at(-1)?.exhibits[1] ?? lab.deployed)
      await removeLabStacks(on)

      const clusterLab = await deployLabStack(on, 'cluster', { app: true })
      const clusterLosses = await isolateMaster(on, clusterLab, { ...CONFIRMED, name: 'as deployed, and WAIT 1' })
      const clusterVerdict = lossVerdict(clusterLosses.map(({ loss }) => loss))
      on.finding('redis.cluster.cut-off.confirmed', {
        holds: isInconclusive(clusterLosses) && clusterVerdict.none === true ? null : clusterVerdict.none,
        evidence: [clusterLab.deployed, ...clusterLosses.flatMap(({ exhibits }) => exhibits)],
        detail: joinTexts([joinTexts([clusterVerdict.summary, describeLoss(clusterLosses)], '; '), note], ''),
        measured: { 'increments lost': [maxLost(clusterLosses), ''] },
      })
      table.set(
        'cluster',
        'node cut off',
        comparisonMessage(clusterLosses),
        clusterLosses.at(-1)?.exhibits[1] ?? clusterLab.deployed,
      )
    },
  )

async function isolateMaster(
  on: LabContext,
  lab: LabStack,
  { name, minReplicas, waitReplicas }: Protection,
): Promise<MasterLoss[]> {
  const lost: MasterLoss[] = []
  for (let time = 1; time <= repeatCount(on); time++) {
    on.log(
      say('Isolating the master ({topology}, {name}): {time} of {times}', {
        topology: lab.topology,
        name,
        time,
        times: repeatCount(on),
      }),
    )
    lost.push(
      await loseMaster(
        on,
        lab,
        say('Timeline: {topology}, master isolated, {name}, {time}', { topology: lab.topology, name, time }),
        ({ node }) => faultsOf(on, node).partition,
        {
          isolated: { waitReplicas, seconds: WRITE_SECONDS },
          // Servers restarted after the last partition have their deployed configuration.
          before: async () => {
            await query(on, lab, lab.servers, ['CONFIG', 'SET', 'min-replicas-to-write', String(minReplicas)])
          },
        },
      ),
    )
  }
  return lost
}

/** Without a complete client log the last acknowledgments are unknown, and those may be the lost ones. */
const isInconclusive = (lost: readonly MasterLoss[]): boolean =>
  lost.some(({ loss, isolated }) => loss === undefined || isolated?.complete !== true)
const maxLost = (lost: readonly MasterLoss[]): number => Math.max(...lost.map(({ loss }) => loss?.lost ?? 0))
const minLost = (lost: readonly MasterLoss[]): number => Math.min(...lost.map(({ loss }) => loss?.lost ?? 0))
const refusedWrites = (lost: readonly MasterLoss[]): boolean =>
  lost.every(
    ({ isolated }) => isolated?.changes.some(({ was, why = '' }) => was === 'no' && /NOREPLICAS/.test(why)) === true,
  )

const describeLoss = (lost: readonly MasterLoss[]): MessageList => {
  const isComplete = lost.every(({ isolated }) => isolated?.complete === true)
  return joinTexts(
    [
      say('lost {lost} of {acknowledged} acknowledged increments', {
        lost: joinTexts(lost.map(({ loss }) => loss?.lost ?? say('unknown'))),
        acknowledged: joinTexts(lost.map(({ loss }) => loss?.acknowledged ?? '?')),
      }),
      say('the isolated master acknowledged {acknowledged}, the last {time} after the partition', {
        acknowledged: joinTexts(lost.map(({ isolated }) => isolated?.acknowledged ?? 0)),
        time: range(lost.map(({ isolated }) => isolated?.lastAt ?? 0)),
      }),
      ...(isComplete
        ? []
        : [say('the client log is incomplete (expected {time} of writes)', { time: inSeconds(WRITE_SECONDS) })]),
    ],
    '; ',
  )
}
