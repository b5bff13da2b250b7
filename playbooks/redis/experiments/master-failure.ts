import { type Experiment, type Message, type MessageList, type MessageValue } from 'labbook'
import { labExperiment, type LabContext, say, joinTexts } from '../../messages/say.ts'
import { faultsOf } from '../../lab/faults.ts'
import type { ComparisonTable } from './comparison-table.ts'
import { lowRepeatNote, repeatCount } from './settings.ts'
import { TOPOLOGIES, type Topology } from '../vars.ts'
import { disturbsMasterNode, disturbsLabStack } from './support/disturbs.ts'
import { deployLabStack, type LabStack } from './support/lab-stack.ts'
import { removeLabStacks, startWithoutLabStacks } from './support/remove-stacks.ts'
import { killRedis, loseMaster, type MasterLoss } from './support/lose-master.ts'
import { failoverTimes, mean, writeOutages, range } from './support/loss-summary.ts'
import { restoreNodes } from './support/restore-nodes.ts'
import { lossVerdict } from './support/lost-writes.ts'

const HOSTS = 'swarm_managers[0]'

/** Steady-state check and rollback of the experiments that disturb the master. */
export const steadyStateAndRollback = {
  steadyState: startWithoutLabStacks,
  rollback: restoreNodes,
} satisfies Pick<Experiment, 'steadyState' | 'rollback'>

/** Repeats the loss of the master. */
export async function loseMasterRepeatedly(
  on: LabContext,
  lab: LabStack,
  fault: 'power' | 'process',
): Promise<MasterLoss[]> {
  const lost: MasterLoss[] = []
  const times = repeatCount(on)
  for (let time = 1; time <= times; time++) {
    on.log(
      say('Topology {topology}, {fault}: {time} of {times}', {
        topology: lab.topology,
        fault: say(fault === 'power' ? 'node powered off' : 'Redis killed'),
        time,
        times,
      }),
    )
    lost.push(
      await loseMaster(
        on,
        lab,
        say('Timeline: {topology}, {fault}, {time}', {
          topology: lab.topology,
          fault: fault === 'power' ? say('node powered off') : say('Redis killed'),
          time,
        }),
        (master) => (fault === 'power' ? faultsOf(on, master.node).powerLoss : killRedis(lab, master)),
        { nodeStays: fault === 'process' },
      ),
    )
  }
  return lost
}

const evidenceOf = (lab: LabStack, lost: readonly MasterLoss[]) => [
  lab.deployed,
  ...lost.flatMap(({ exhibits }) => exhibits),
]
const sumOf = (lost: readonly MasterLoss[], pick: (loss: MasterLoss) => number): number =>
  lost.reduce((sum, loss) => sum + pick(loss), 0)
const lostIn = (lost: readonly MasterLoss[]): number => sumOf(lost, ({ loss }) => loss?.lost ?? Number.NaN)

/** `0 of 213 lost; write outage 5.1 s to 6.3 s` for the comparison. */
export function comparisonMessage(lost: readonly MasterLoss[]): MessageList {
  const { none } = lossVerdict(lost.map(({ loss }) => loss))
  const acknowledged = sumOf(lost, ({ loss }) => loss?.acknowledged ?? 0)
  const lostWrites =
    none === null
      ? say('lost writes unknown')
      : say('{lost} of {acknowledged} lost', { lost: lostIn(lost), acknowledged })
  return joinTexts([lostWrites, writeOutages(lost)], '; ')
}

const failedRequests = (lost: readonly MasterLoss[]): Message =>
  say('{failed} of {sent} requests through the other nodes failed', {
    failed: sumOf(lost, ({ allRequests: all }) => all.failed),
    sent: sumOf(lost, ({ allRequests: all }) => all.sent),
  })

/** Loses the master of topologies without failover: `replicas` and `single`. */
export const masterLoss = (table: ComparisonTable): Experiment =>
  labExperiment(
    'Power off the Redis master without Sentinel',
    {
      hosts: HOSTS,
      tags: ['redis', 'redis-master-loss'],
      disturbs: disturbsMasterNode,
      hypothesis:
        'Replicas have the data, but none is promoted automatically: the app can neither write nor read until the node is back. The master then recovers its data from the append-only file.',
      assertions: {
        'redis.master-loss.without-sentinel':
          'Replicas do not take over from a lost master: no write is acknowledged until its node is back',
        'redis.master-loss.kept': 'Recovered master has all acknowledged increments',
      },
      ...steadyStateAndRollback,
    },
    async (on) => {
      const all: MasterLoss[] = []
      const evidence = []
      for (const topology of ['replicas', 'single'] as const) {
        const lab = await deployLabStack(on, topology, { app: true })
        const lost = await loseMasterRepeatedly(on, lab, 'power')
        evidence.push(...evidenceOf(lab, lost))
        all.push(...lost)
        table.set(topology, 'node lost', comparisonMessage(lost), lost.at(-1)?.exhibits[1] ?? lab.deployed)
        table.set(topology, 'failover', say('none'), lab.deployed)
        await removeLabStacks(on)
      }
      // At ten writes per second, the write outage may be slightly shorter than the master's downtime.
      const outOfService = all.filter(({ writes, downtime: away }) => writes.outage >= away - 0.5)
      const verdict = lossVerdict(all.map(({ loss }) => loss))
      on.finding('redis.master-loss.without-sentinel', {
        holds: outOfService.length === all.length,
        evidence,
        detail: say(
          'no write was acknowledged until recovery in {outOfService} of {runs} runs (downtime {downtime}, {outages}); {requests}{note}',
          {
            outOfService: outOfService.length,
            runs: all.length,
            downtime: range(all.map(({ downtime }) => downtime)),
            outages: writeOutages(all),
            requests: failedRequests(all),
            note: lowRepeatNote(repeatCount(on)),
          },
        ),
        measured: { 'longest stretch without a write': [mean(all.map(({ writes }) => writes.outage)), 's'] },
      })
      on.finding('redis.master-loss.kept', {
        holds: verdict.none,
        evidence,
        detail: verdict.summary,
        measured: { 'increments lost': [lostIn(all), ''] },
      })
    },
  )

/** Powers off the node of the master under three Sentinels. */
export const failover = (table: ComparisonTable): Experiment =>
  labExperiment(
    'Power off the Redis master with Sentinel',
    {
      hosts: HOSTS,
      tags: ['redis', 'redis-failover'],
      disturbs: disturbsMasterNode,
      hypothesis:
        'After five seconds without a response the Sentinels agree that the master is down and promote the replica with the most data. As a replica confirmed each increment before it was acknowledged, none is lost.',
      assertions: {
        'redis.sentinel.failover': 'Sentinels promote a replica of the lost master, and writes succeed again',
        'redis.sentinel.failover.loss': 'Sentinel failover loses no acknowledged increment',
      },
      ...steadyStateAndRollback,
    },
    async (on) => {
      const lab = await deployLabStack(on, 'sentinel', { app: true })
      reportFailover(on, lab, table, await loseMasterRepeatedly(on, lab, 'power'), 'redis.sentinel.failover')
    },
  )

/**
 * Reports the findings of a failover, and adds them to the comparison.
 *
 * @param required - requests that must succeed before the lost master is back.
 */
export function reportFailover(
  on: LabContext,
  lab: LabStack,
  table: ComparisonTable,
  lost: readonly MasterLoss[],
  id: string,
  required: 'reads' | 'writes' = 'writes',
): void {
  const times = failoverTimes(lost)
  const evidence = evidenceOf(lab, lost)
  const verdict = lossVerdict(lost.map(({ loss }) => loss))
  on.finding(id, {
    holds: times.length === lost.length && lost.every(({ afterFailover: afterwards }) => afterwards[required] > 0),
    evidence,
    detail: say(
      '{failovers} of {runs} failovers, after {time}; {succeeded} {kind} succeeded before the old master was back; {outages}; {requests}{note}',
      {
        failovers: times.length,
        runs: lost.length,
        time: range(times),
        succeeded: joinTexts(lost.map(({ afterFailover: afterwards }) => afterwards[required])),
        kind: required === 'reads' ? say('reads') : say('writes'),
        outages: writeOutages(lost),
        requests: failedRequests(lost),
        note: lowRepeatNote(lost.length),
      },
    ),
    measured: {
      ...(times.length > 0 ? { 'time to a new master': [mean(times), 's'] as const } : {}),
      'longest stretch without a write': [mean(lost.map(({ writes }) => writes.outage)), 's'],
      'failed requests': [mean(lost.map(({ allRequests: all }) => all.failed)), ''],
    },
  })
  on.finding(`${id}.loss`, {
    holds: verdict.none,
    evidence,
    detail: joinTexts([verdict.summary, lowRepeatNote(lost.length)], ''),
    measured: { 'increments lost': [lostIn(lost), ''] },
  })
  table.set(lab.topology, 'node lost', comparisonMessage(lost), lost.at(-1)?.exhibits[1] ?? lab.deployed)
  table.set(lab.topology, 'failover', range(times), lost.at(-1)?.exhibits[1] ?? lab.deployed)
}

/** Kills only the Redis process: Swarm restarts it on the same volume. */
export const redisKilled = (table: ComparisonTable): Experiment =>
  labExperiment(
    'Kill Redis in each topology',
    {
      hosts: HOSTS,
      tags: ['redis', 'redis-killed'],
      disturbs: disturbsLabStack('its Redis is killed'),
      hypothesis:
        'Redis writes each increment to the kernel before it acknowledges it, and the kernel survives. Swarm restarts Redis within seconds; a failover may be faster or slower.',
      assertions: { 'redis.killed': 'Killed Redis process loses no acknowledged increment in any topology' },
      ...steadyStateAndRollback,
    },
    async (on) => {
      const all: MasterLoss[] = []
      const summaries: MessageValue[] = []
      const evidence = []
      for (const topology of TOPOLOGIES as readonly Topology[]) {
        const lab = await deployLabStack(on, topology, { app: true })
        const lost = await loseMasterRepeatedly(on, lab, 'process')
        evidence.push(...evidenceOf(lab, lost))
        all.push(...lost)
        summaries.push(joinTexts([topology, comparisonMessage(lost)], ': '))
        table.set(topology, 'Redis killed', comparisonMessage(lost), lost.at(-1)?.exhibits[1] ?? lab.deployed)
        await removeLabStacks(on)
      }
      on.finding('redis.killed', {
        holds: lossVerdict(all.map(({ loss }) => loss)).none,
        evidence,
        detail: joinTexts([joinTexts(summaries, '. '), lowRepeatNote(repeatCount(on))], ''),
        measured: { 'increments lost': [lostIn(all), ''] },
      })
    },
  )
