import { answerMessage } from '../../load/experiments/messages.ts'
import { type Experiment, type Message, messageText } from 'labbook'
import { labExperiment, type LabContext, joinTexts, lines, say, verbatim } from '../../messages/say.ts'
import {
  compare,
  csvOf,
  generatorLimit,
  interleaved,
  intervalText,
  type LoadResult,
  runLoad,
  validityIssues,
} from 'labbook/load'
import { bottleneckOf } from '../../load/bottleneck.ts'
import { loadSettings } from '../../load/settings.ts'
import { numbers } from '../../load/tables.ts'
import { inventoryTargets, targetsOf } from '../../load/trial.ts'
import { cpuUsages, measureCpu } from '../../load/usage.ts'
import type { ComparisonTable } from './comparison-table.ts'
import { TOPOLOGIES, type Topology } from '../vars.ts'
import { disturbsLabStack } from './support/disturbs.ts'
import { deployLabStack, type LabStack } from './support/lab-stack.ts'
import { removeLabStacks, startWithoutLabStacks } from './support/remove-stacks.ts'
import { redisProcesses } from './support/replies.ts'

/** Topologies are not compared until a difference shows, so that fewer trials may be too few. */
const LEAST_TRIALS = 5

interface WriteTrial {
  readonly topology: Topology
  readonly result: LoadResult
  readonly issues: readonly Message[]
  readonly limit: Message
}

/** Measures the increment throughput of each topology. */
export const writeScaling = (table: ComparisonTable): Experiment =>
  labExperiment(
    'Measure increments per second by topology',
    {
      hosts: 'swarm_managers[0]',
      tags: ['redis', 'redis-write-scaling'],
      disturbs: disturbsLabStack('under load'),
      hypothesis:
        'One counter is one key on one master, in every topology. More servers do not increase its throughput; each confirmation by a replica costs a round trip.',
      assertions: {},
      questions: {
        'redis.write-scaling':
          'Topology with more Redis servers handles more increments per second of one counter than a single server',
      },
      steadyState: startWithoutLabStacks,
      rollback: removeLabStacks,
    },
    async (on) => {
      const settings = loadSettings(on.hostvars(on.hosts[0] as string))
      const labs = new Map<Topology, LabStack>()
      // Deployed once for all trials, as a deployment takes longer than the trials. Without health checks, which use
      // CPU.
      for (const [number, topology] of TOPOLOGIES.entries())
        labs.set(topology, await deployLabStack(on, topology, { app: true, quiet: true, number: number + 1 }))
      const trials: WriteTrial[] = []
      const began = performance.now()
      const sampled = ['controller', ...(on.groups.swarm ?? [])]
      for (const topology of interleaved(TOPOLOGIES, Math.max(LEAST_TRIALS, settings.trials))) {
        const { result, readings } = await measureCpu(on, sampled, settings.warmupSeconds, () =>
          runLoad(
            {
              way: 'closed',
              targets: inventoryTargets(on, targetsOf((labs.get(topology) as LabStack).endpoints)),
              kinds: [{ method: 'POST', path: '/api/counter/increment', weight: 1 }],
              connections: settings.connections,
              warmup: settings.warmupSeconds,
              seconds: settings.trialSeconds,
              reconnectEvery: settings.reconnectEvery,
            },
            { signal: on.signal },
          ),
        )
        const limit = bottleneckOf(cpuUsages(readings, []), generatorLimit(result.generator, result.lateP99))
        trials.push({
          topology,
          result,
          issues: validityIssues(result, { failed: settings.failureLimit }),
          limit: limit.what ?? limit.why,
        })
      }
      const memory = new Map<Topology, number>()
      for (const [topology, lab] of labs) memory.set(topology, await memoryOf(on, lab))
      const of = (topology: Topology) => trials.filter((trial) => trial.topology === topology)
      const values = (topology: Topology) =>
        of(topology).map(({ result, issues }) => ({ value: result.throughput, issues }))
      const verdicts = TOPOLOGIES.slice(1).map((topology) => ({
        topology,
        verdict: compare(values('single'), values(topology), { within: settings.tolerance }),
      }))
      const exhibit = on.record({
        title: 'Increments per second by topology',
        durationMs: Math.round(performance.now() - began),
        command: say(
          'POST /api/counter/increment, {connections} connections, {trials} trials of {seconds} s per topology, ABBA order',
          {
            connections: settings.connections,
            trials: trials.length / TOPOLOGIES.length,
            seconds: settings.trialSeconds,
          },
        ),
        stdout: lines(
          numbers(
            ['TOPOLOGY', 'TRIAL', 'INCREMENTS/S', 'P50 MS', 'P99 MS', 'FAILED'],
            TOPOLOGIES.flatMap((topology) =>
              of(topology).map(({ result }, time) => [
                topology,
                time + 1,
                result.throughput.toFixed(1),
                at(result, '50'),
                at(result, '99'),
                result.total.failures,
              ]),
            ),
          ),
          '',
          ...verdicts.map(({ topology, verdict }) =>
            say('{topology} against single: {why}', {
              topology,
              why: verdict.answer === 'inconclusive' ? say('inconclusive: {why}', { why: verdict.why }) : verdict.why,
            }),
          ),
          '',
          ...TOPOLOGIES.map((topology) =>
            say('memory of Redis and Sentinel, {topology}: {memory}', {
              topology,
              memory: memoryMessage(memory.get(topology)),
            }),
          ),
          '',
          ...limitLines(trials),
          ...trials.flatMap(({ topology, issues }) =>
            issues.map((issue) => say('warning, {trial}: {issue}', { trial: topology, issue })),
          ),
        ),
        chart: {
          kind: 'lines',
          title: 'Increments per second of each trial, in execution order',
          x: { label: 'trial' },
          y: { label: 'increments/s' },
          series: TOPOLOGIES.map((topology) => ({
            name: verbatim(topology),
            drawn: 'dots',
            points: trials.flatMap((trial, index): [number, number][] =>
              trial.topology === topology ? [[index + 1, trial.result.throughput]] : [],
            ),
          })),
        },
        data: [
          {
            name: 'stats.csv',
            text: csvOf(
              Object.fromEntries(trials.map(({ topology, result }, index) => [`${index + 1} ${topology}`, result])),
            ),
          },
        ],
      })
      for (const topology of TOPOLOGIES) {
        table.set(topology, 'writes/s', median(of(topology).map(({ result }) => result.throughput)).toFixed(0), exhibit)
        table.set(topology, 'memory', memoryMessage(memory.get(topology)), exhibit)
      }
      const answers = verdicts.map(({ verdict }) => verdict.answer)
      on.finding('redis.write-scaling', {
        holds: answers.includes('more') ? true : answers.includes('inconclusive') ? null : false,
        evidence: [...[...labs.values()].map(({ deployed }) => deployed), exhibit],
        detail: joinTexts(
          [
            joinTexts(
              TOPOLOGIES.map(
                (topology) => `${topology} ${median(of(topology).map(({ result }) => result.throughput)).toFixed(0)}/s`,
              ),
            ),
            joinTexts(
              verdicts.map(({ topology, verdict: { answer, ratio } }) =>
                ratio === undefined
                  ? say('{topology} {answer}', { topology, answer: answerMessage(answer) })
                  : say('{topology} {answer} (ratio {ratio})', {
                      topology,
                      answer: answerMessage(answer),
                      ratio: intervalText(ratio),
                    }),
              ),
            ),
          ],
          '; ',
        ),
        measured: Object.fromEntries(
          TOPOLOGIES.map((topology) => [
            topology,
            [median(of(topology).map(({ result }) => result.throughput)), 'increments/s'] as const,
          ]),
        ),
      })
    },
  )

const at = ({ total }: LoadResult, percentile: string): string =>
  (total.latency.percentiles[percentile] ?? 0).toFixed(1)

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/**
 * Total resident memory of the Redis and Sentinel processes in bytes, from the kernel: a Sentinel's INFO has no memory
 * section. NaN if a process is missing.
 */
async function memoryOf(on: LabContext, { stack, servers, sentinels }: LabStack): Promise<number> {
  const command = `docker ps -q --filter label=com.docker.stack.namespace=${stack} | xargs -r -I{} docker top {} -eo pid,rss,comm`
  const tables: string[] = []
  for (const host of on.groups.swarm ?? []) tables.push((await on.exec({ host, command })).stdout)
  const processes = redisProcesses(tables.join('\n'))
  return processes.length === servers.length + sentinels.length
    ? processes.reduce((sum, bytes) => sum + bytes, 0)
    : Number.NaN
}

const memoryMessage = (bytes: number | undefined): Message =>
  bytes === undefined || Number.isNaN(bytes) ? say('unknown') : say('{n} MiB', { n: (bytes / 2 ** 20).toFixed(0) })

/** Each bottleneck, and in how many trials. */
function limitLines(trials: readonly WriteTrial[]): Message[] {
  const byText = new Map<string, { count: number; limit: Message }>()
  for (const { limit } of trials) {
    const text = messageText(limit)
    byText.set(text, { count: (byText.get(text)?.count ?? 0) + 1, limit })
  }
  return [...byText.values()].map(({ count, limit }) =>
    say('bottleneck in {count} of {trials} trials: {bottleneck}', { count, trials: trials.length, bottleneck: limit }),
  )
}
