import { bottleneckMessage, lawMessage, replicasMessage } from './messages.ts'
import type { Message } from 'labbook'
import { type LabContext, joinTexts, lines, say } from '../../messages/say.ts'
import {
  type GeneratorScheduling,
  type Fit,
  fitLaw,
  formatInterval,
  generatorLimit,
  peakOf,
  type ScalingTrial,
} from 'labbook/load'
import { type LoadConditions, loadConditions } from '../budget.ts'
import { latencyChart, loadChart, scalingChart } from '../charts.ts'
import { scaleTo, stackContainers } from '../replicas.ts'
import { findCapacity, repeatAtKnee, type CapacityResult } from '../scaling.ts'
import type { LoadSettings } from '../settings.ts'
import { capacityTable, lawText, trialTable } from '../tables.ts'
import type { TrialRun } from '../trial.ts'
import { record } from './support.ts'
import { loadExperiment } from './load-experiment.ts'

/** Measures how capacity grows with replicas. */
export const loadScaling = loadExperiment(
  'Measure capacity by number of replicas',
  {
    tag: 'load-scaling',
    hypothesis:
      'Capacity grows with replicas, but less each time, as shared resources (Redis, the machines, the load balancer) become saturated; at some number it stops growing.',
    assertions: {},
    questions: { 'load.scaling': 'Capacity follows a scaling law that fits the trials' },
  },
  async (on, settings, scheduling) => {
    const conditions = await loadConditions(on, settings, Math.max(...settings.replicas), scheduling)
    if (conditions === undefined) return
    await measureScaling(on, settings, conditions, scheduling)
  },
)

async function measureScaling(
  on: LabContext,
  settings: LoadSettings,
  { cpus, condition, evidence }: LoadConditions,
  scheduling: GeneratorScheduling,
): Promise<void> {
  const { steps, usl, amdahl } = await measureUntilFitted(on, settings, cpus, scheduling)
  for (const step of steps) {
    record(
      on,
      say('Load on {replicas|replica|replicas}', { replicas: step.replicas }),
      say('load increased in steps on {replicas|replica|replicas}', { replicas: step.replicas }),
      trialTable(trialsOf(step)),
      trialsOf(step),
      latencyChart(step),
    )
  }
  const measured = measuredAt(steps)
  const law = usl.law ?? amdahl.law
  const text = lines(
    capacityTable(steps),
    '',
    lawText(say('Universal Scalability Law'), usl),
    lawText(say("Amdahl's law"), amdahl),
    ...peakText(usl),
    '',
    ...steps.map(({ replicas, atKnee }) => bottleneckMessage(replicas, atKnee)),
  )
  const trials = steps.flatMap(trialsOf)
  const curve = record(
    on,
    'Capacity by replicas',
    say('capacity of {replicas} replicas', { replicas: settings.replicas.join(', ') }),
    text,
    trials,
    scalingChart(measured, law),
  )
  const raised = record(
    on,
    'Throughput by load',
    say('throughput of each load step'),
    capacityTable(steps),
    [],
    loadChart(steps),
  )
  const reason = inconclusiveReason(steps, usl, amdahl)
  on.finding('load.scaling', {
    holds: reason === undefined ? true : null,
    evidence: [curve, raised, ...evidence],
    detail:
      law === undefined || reason !== undefined
        ? (reason ?? say('inconclusive'))
        : joinTexts(
            [
              joinTexts(steps.map(({ replicas, knee }) => `${replicas}: ${knee?.capacity.toFixed(0) ?? '?'}/s`)),
              joinTexts([
                lawMessage(usl.law === undefined ? 'Amdahl' : 'USL', law),
                ...(condition === undefined ? [] : [condition]),
              ]),
            ],
            '; ',
          ),
    ...(law === undefined
      ? {}
      : { measured: { contention: [law.contention.estimate, ''], coherence: [law.coherence.estimate, ''] } }),
  })
}

/** Times that all numbers of replicas are measured. */
const MOST_PASSES = 3

interface Fitted {
  readonly steps: readonly CapacityResult[]
  readonly usl: Fit
  readonly amdahl: Fit
}

/** Measures all numbers of replicas, and again while neither law can be determined. */
async function measureUntilFitted(
  on: LabContext,
  settings: LoadSettings,
  cpus: number,
  scheduling: GeneratorScheduling,
): Promise<Fitted> {
  // The most first: replicas with little CPU take seconds to start, and none to stop.
  const counts = settings.replicas.toSorted((a, b) => b - a)
  const found = new Map<number, CapacityResult>()
  for (let pass = 1; ; pass++) {
    for (const replicas of counts) {
      await scaleTo(on, replicas, cpus)
      const options = { settings, replicas, containers: await stackContainers(on), scheduling }
      const before = found.get(replicas)
      found.set(
        replicas,
        before === undefined ? await findCapacity(on, options) : await repeatAtKnee(on, options, before),
      )
    }
    const steps = [...found.values()].sort((a, b) => a.replicas - b.replicas)
    const measured = measuredAt(steps)
    const fitted = { steps, usl: fitLaw(measured, 'usl'), amdahl: fitLaw(measured, 'amdahl') }
    const undecided = fitted.usl.law === undefined && fitted.amdahl.law === undefined
    if (!undecided || trialIssue(steps) !== undefined || pass === MOST_PASSES) return fitted
  }
}

const measuredAt = (steps: readonly CapacityResult[]): ScalingTrial[] =>
  steps.flatMap(({ replicas, atKnee }) => atKnee.map(({ result }) => ({ replicas, throughput: result.throughput })))

/** The trials of the ramp and those at the knee, each once. */
const trialsOf = ({ trials, atKnee }: CapacityResult): TrialRun[] => [...new Set([...trials, ...atKnee])]

/** Why the trials do not measure the capacity of the replicas: more of them would not, either. */
function trialIssue(steps: readonly CapacityResult[]): Message | undefined {
  const withoutKnee = steps.find(({ knee }) => knee === undefined)
  if (withoutKnee !== undefined)
    return say('no load on {replicas|replica|replicas} was within the limits', { replicas: withoutKnee.replicas })
  for (const { replicas, atKnee } of steps) {
    for (const { result } of atKnee) {
      const limit = generatorLimit(result.generator)
      if (limit !== undefined) return say('{trial}: {issue}', { trial: replicasMessage(replicas), issue: limit })
    }
    const issue = atKnee.flatMap(({ issues }) => issues)[0]
    if (issue !== undefined) return say('{trial}: {issue}', { trial: replicasMessage(replicas), issue })
  }
  const unsaturated = steps.find(({ knee }) => knee?.reached === false)
  if (unsaturated !== undefined)
    return say(
      'throughput of {replicas|replica|replicas} still rose at the maximum of connections: increase load_most_connections',
      { replicas: unsaturated.replicas },
    )
  return undefined
}

/** Why no scaling law can be determined. */
function inconclusiveReason(steps: readonly CapacityResult[], usl: Fit, amdahl: Fit): Message | undefined {
  const issue = trialIssue(steps)
  if (issue !== undefined) return issue
  return usl.law === undefined && amdahl.law === undefined
    ? say('{usl}; Amdahl: {amdahl}', { usl: usl.cannotTell, amdahl: amdahl.cannotTell })
    : undefined
}

function peakText({ law }: Fit): Message[] {
  if (law === undefined) return []
  const peak = peakOf(law)
  return [
    peak === undefined
      ? say('no peak: coherence is 0')
      : say('peak capacity at {replicas} replicas by this law; coherence {coherence}', {
          replicas: peak.toFixed(1),
          coherence: formatInterval(law.coherence, 4),
        }),
  ]
}
