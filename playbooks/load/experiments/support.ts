import { disturbAll, messageText, type Disturbs, type Exhibit, type Message } from 'labbook'
import { bottleneckText } from '../bottleneck.ts'
import { type LabContext, say, type LabOutput, type LabText, type LabChart } from '../../messages/say.ts'
import { generatorHosts } from '../generators.ts'
import { loadSettings, type LoadSettings } from '../settings.ts'
import { trialData, trialDetails } from '../tables.ts'
import type { TrialRun } from '../trial.ts'

export const settingsOf = (on: LabContext): LoadSettings =>
  loadSettings(on.hostvars(on.hosts[0] as string), on.timeoutMultiplier)

export const underLoad =
  (what: string): Disturbs =>
  (on) => [
    ...disturbAll(on.groups.swarm ?? [], what),
    ...disturbAll(generatorHosts(on), 'sends the requests of a load test'),
  ]

/** The most frequent bottleneck of the trials. */
export function bottlenecks(trials: readonly TrialRun[]): Message {
  const counts = new Map<string, { count: number; text: Message }>()
  for (const { bottleneck } of trials) {
    const key = bottleneck.what === undefined ? 'inconclusive' : messageText(bottleneck.what)
    counts.set(key, { count: (counts.get(key)?.count ?? 0) + 1, text: bottleneckText(bottleneck) })
  }
  const most = [...counts.values()].sort((a, b) => b.count - a.count)[0]
  return most === undefined
    ? say('no trial')
    : say('bottleneck in {count} of {trials} trials: {bottleneck}', {
        count: most.count,
        trials: trials.length,
        bottleneck: most.text,
      })
}

export const warningLines = (trials: readonly TrialRun[]): Message[] =>
  trials.flatMap(({ name, issues }) => issues.map((issue) => say('warning, {trial}: {issue}', { trial: name, issue })))

export function record(
  on: LabContext,
  title: LabText,
  command: Message,
  stdout: LabOutput,
  trials: readonly TrialRun[],
  chart?: LabChart,
  files: NonNullable<Exhibit['data']> = [],
): Exhibit {
  const durationMs = trials.reduce((sum, { result }) => sum + (result.plan.warmup + result.seconds) * 1000, 0)
  return on.record({
    title,
    command,
    stdout,
    durationMs,
    ...(chart === undefined ? {} : { chart }),
    ...(trials.length === 0 ? {} : { data: [...trialData(trials), ...files] }),
  })
}

export const recordTrial = (on: LabContext, trial: TrialRun): Exhibit =>
  on.record({
    title: say('Details: {trial}', { trial: trial.name }),
    command: trial.name,
    stdout: trialDetails(trial),
    durationMs: (trial.result.plan.warmup + trial.result.seconds) * 1000,
  })
