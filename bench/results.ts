import { spread, type Spread } from './statistics.ts'
import type { Workload } from './runners/runner.ts'
import type { Measures } from './measure/trial.ts'

/** One workload on a number of hosts. */
export interface Case {
  readonly workload: Workload
  readonly hosts: number
}

/** One timed run. */
export interface Trial extends Case, Measures {
  readonly runner: string
  /** Trials of one repeat ran consecutively: ratios are computed within it. */
  readonly repeat: number
  /** 1-minute load average of the machine before the run. */
  readonly load: number
}

/** Counts of an untimed run. */
export interface Count extends Case {
  readonly runner: string
  readonly roundTrips: number
  /** Peak total PSS of the controller's processes, in bytes. */
  readonly memory: number
}

/** A result of `bench/scale`. */
export interface ScaleRow {
  readonly id: string
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly detail: string
}

/** The results of a benchmark; the content of its JSON file. */
export interface Results {
  readonly date: string
  readonly machine: {
    readonly cores: number
    readonly cpu: string
    readonly memoryBytes: number
    readonly system: string
    readonly kernel: string
    readonly node: string
  }
  readonly runners: readonly { readonly id: string; readonly title: string; readonly version: string }[]
  readonly notes: readonly string[]
  readonly trials: readonly Trial[]
  readonly counts: readonly Count[]
  readonly scale: readonly ScaleRow[]
}

export type Metric = 'wall' | 'cpu' | 'controllerCpu' | 'targetsCpu' | 'connections' | 'bytes' | 'refused'

export const valueOf = (trial: Trial, metric: Metric): number =>
  metric === 'cpu' ? trial.controllerCpu + trial.targetsCpu : trial[metric]

const of = (trials: readonly Trial[], runner: string, { workload, hosts }: Case): Trial[] =>
  trials.filter((trial) => trial.runner === runner && trial.workload === workload && trial.hosts === hosts)

export const measured = (trials: readonly Trial[], runner: string, which: Case, metric: Metric): Spread | undefined =>
  spread(of(trials, runner, which).map((trial) => valueOf(trial, metric)))

/** Ratios of two runners, each pair of trials from the same repeat. */
export function ratio(
  trials: readonly Trial[],
  runner: string,
  other: string,
  which: Case,
  metric: Metric,
): Spread | undefined {
  const others = of(trials, other, which)
  return spread(
    of(trials, runner, which).flatMap((trial) => {
      const beside = others.find(({ repeat }) => repeat === trial.repeat)
      return beside === undefined ? [] : [valueOf(trial, metric) / valueOf(beside, metric)]
    }),
  )
}

/** The measured cases, in order. */
export function casesOf(trials: readonly Trial[]): Case[] {
  const found = new Map(trials.map(({ workload, hosts }) => [`${workload} ${hosts}`, { workload, hosts }]))
  return [...found.values()]
}

/** Merges several benchmarks, such as one per number of hosts; later ones win. */
export function join(all: readonly Results[]): Results {
  const last = all.at(-1)
  if (last === undefined) throw new Error('no results')
  const later = (index: number, which: Case & { readonly runner: string }): boolean =>
    all.slice(index + 1).some(({ trials }) => of(trials, which.runner, which).length > 0)
  return {
    ...last,
    runners: [...new Map(all.flatMap(({ runners }) => runners).map((runner) => [runner.id, runner])).values()],
    notes: [...new Set(all.flatMap(({ notes }) => notes))],
    trials: all.flatMap(({ trials }, index) => trials.filter((trial) => !later(index, trial))),
    counts: all.flatMap(({ counts }, index) => counts.filter((count) => !later(index, count))),
    scale: [...new Map(all.flatMap(({ scale }) => scale).map((row) => [row.id, row])).values()],
  }
}
