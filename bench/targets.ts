import { measured, ratio, type Case, type Metric, type Results } from './results.ts'
import type { Spread } from './statistics.ts'
import type { Workload } from './runners/runner.ts'

/** Labbook as a program, and as users start it with npx and zx. */
export const SUBJECTS = ['labbook-node', 'labbook'] as const
type Subject = (typeof SUBJECTS)[number]

/** A row of the table of targets. */
export interface Verdict {
  readonly target: string
  /** null: not measured. */
  readonly met: boolean | null
  /** The measured value with its spread, or why there is none. */
  readonly found: string
  /** The value of the other way to start Labbook; informative only. */
  readonly other: string
}

/** Maximum ratio to the other; for `at least N times less` use 1/N. */
interface RatioTarget {
  readonly kind: 'ratio'
  readonly text: string
  readonly workload: Workload
  readonly hosts: readonly number[]
  readonly metrics: readonly ('wall' | 'cpu')[]
  readonly against: string
  readonly limit: number
  readonly subject: Subject
}

interface ScaleTarget {
  readonly kind: 'scale'
  readonly text: string
  /** ID of the row in the results of bench/scale. */
  readonly row: string
  readonly limit: number
}

/** Labbook's scaling with the number of hosts. */
interface LoneTarget {
  readonly kind: 'refused' | 'memory' | 'linear'
  readonly text: string
  readonly workload: Workload
  readonly hosts: number
  readonly limit: number
  /** For `linear`: the number of hosts to compare with. */
  readonly from?: number
  readonly subject: Subject
}

type Target = RatioTarget | ScaleTarget | LoneTarget

const program = { subject: 'labbook-node' } as const
const both = ['wall', 'cpu'] as const
const sizes = [10, 50]

/** The targets. */
const TARGETS: readonly Target[] = [
  {
    kind: 'ratio',
    text: 'second run: at most 1.3x the floor',
    workload: 'second',
    hosts: sizes,
    metrics: both,
    against: 'floor',
    limit: 1.3,
    ...program,
  },
  {
    kind: 'ratio',
    text: 'second run: 35x less CPU than Ansible with pipelining',
    workload: 'second',
    hosts: sizes,
    metrics: ['cpu'],
    against: 'ansible-fast',
    limit: 1 / 35,
    ...program,
  },
  {
    kind: 'ratio',
    text: 'second run: 15x less CPU than Mitogen',
    workload: 'second',
    hosts: sizes,
    metrics: ['cpu'],
    against: 'ansible-mitogen',
    limit: 1 / 15,
    ...program,
  },
  {
    kind: 'ratio',
    text: 'first run: at most 2x the floor',
    workload: 'first',
    hosts: sizes,
    metrics: both,
    against: 'floor',
    limit: 2,
    ...program,
  },
  // From start to exit, including everything the user waits for.
  {
    kind: 'ratio',
    text: "one trivial task: below a third of Ansible's",
    workload: 'trivial',
    hosts: [1, 3, 10],
    metrics: ['wall'],
    against: 'ansible',
    limit: 1 / 3,
    subject: 'labbook',
  },
  {
    kind: 'ratio',
    text: '100 commands: at most 1.5x one connection with 100 execs',
    workload: 'commands',
    hosts: [1],
    metrics: both,
    against: 'ssh2-100',
    limit: 1.5,
    ...program,
  },
  {
    kind: 'ratio',
    text: '100 hosts x 4 tasks: less than half of pyinfra',
    workload: 'four',
    hosts: [100],
    metrics: ['wall'],
    against: 'pyinfra',
    limit: 0.5,
    ...program,
  },
  {
    kind: 'refused',
    text: '200 hosts: no connection refused (MaxStartups), no failure',
    workload: 'second',
    hosts: 200,
    limit: 0,
    ...program,
  },
  { kind: 'memory', text: '200 hosts: under 150 MB', workload: 'second', hosts: 200, limit: 150e6, ...program },
  {
    kind: 'linear',
    text: '200 hosts: time linear in hosts (for each host at most 1.15x that of 50)',
    workload: 'second',
    hosts: 200,
    from: 50,
    limit: 1.15,
    ...program,
  },
  { kind: 'scale', text: '200 hosts behind one sshd, all at once: every one reached', row: 'startups', limit: 0 },
  { kind: 'scale', text: 'recording evidence: at most 3 % of wall time', row: 'evidence', limit: 3 },
  {
    kind: 'scale',
    text: 'a host with 100 MB of output: memory does not grow with it (at most 32 MB more than with 20 MB)',
    row: 'output',
    limit: 32,
  },
]

/** Evaluates every target by the medians. */
export const judge = (results: Results): Verdict[] =>
  TARGETS.flatMap((target): Verdict[] => {
    switch (target.kind) {
      case 'ratio':
        return target.hosts.flatMap((hosts) =>
          target.metrics.map((metric) => judgeRatio(results, target, hosts, metric)),
        )
      case 'scale':
        return [judgeScale(results, target)]
      case 'refused':
      case 'memory':
      case 'linear':
        return [judgeLone(results, target)]
    }
  })

function judgeRatio(results: Results, target: RatioTarget, hosts: number, metric: 'wall' | 'cpu'): Verdict {
  const which: Case = { workload: target.workload, hosts }
  const of = (subject: string): Spread | undefined => ratio(results.trials, subject, target.against, which, metric)
  const text = `${target.text} (${metric === 'wall' ? 'wall' : 'CPU'}, ${hosts} host${hosts === 1 ? '' : 's'})`
  return verdict(
    text,
    target,
    of,
    (value) => value <= target.limit,
    (found) => times(found, target.limit),
  )
}

/** Below one, "N times less" reads better. */
function times({ median, min, max }: Spread, limit: number): string {
  return limit < 1
    ? `${digits(1 / median)}x less (${digits(1 / max)}-${digits(1 / min)})`
    : `${digits(median)}x (${digits(min)}-${digits(max)})`
}

function judgeLone(results: Results, target: LoneTarget): Verdict {
  const which: Case = { workload: target.workload, hosts: target.hosts }
  const metric =
    (name: Metric, at: Case) =>
    (subject: string): Spread | undefined =>
      measured(results.trials, subject, at, name)
  switch (target.kind) {
    case 'refused':
      return verdict(
        target.text,
        target,
        metric('refused', which),
        (_, { max }) => max <= target.limit,
        ({ max }) => `${max} refused`,
      )
    case 'memory':
      return verdict(
        target.text,
        target,
        (subject) => {
          const count = results.counts.find(
            (one) => one.runner === subject && one.hosts === target.hosts && one.workload === target.workload,
          )
          return count && { median: count.memory, min: count.memory, max: count.memory, count: 1 }
        },
        (value) => value < target.limit,
        ({ median }) => `${(median / 1e6).toFixed(0)} MB`,
      )
    case 'linear': {
      const from = target.from ?? 1
      const perHost = (subject: string): Spread | undefined => {
        const many = metric('wall', which)(subject)
        const few = metric('wall', { ...which, hosts: from })(subject)
        if (many === undefined || few === undefined) return undefined
        const factor = from / target.hosts
        return {
          median: (many.median / few.median) * factor,
          min: (many.min / few.max) * factor,
          max: (many.max / few.min) * factor,
          count: many.count,
        }
      }
      return verdict(
        target.text,
        target,
        perHost,
        (value) => value <= target.limit,
        (found) => times(found, target.limit),
      )
    }
  }
}

function judgeScale({ scale }: Results, { text, row, limit }: ScaleTarget): Verdict {
  const found = scale.find(({ id }) => id === row)
  if (found === undefined) return { target: text, met: null, found: 'not measured', other: '' }
  return { target: text, met: found.value <= limit, found: `${digits(found.value)} ${found.unit}`, other: '' }
}

function verdict(
  target: string,
  { subject }: { readonly subject: Subject },
  of: (subject: string) => Spread | undefined,
  meets: (median: number, all: Spread) => boolean,
  show: (found: Spread) => string,
): Verdict {
  const found = of(subject)
  const beside = of(SUBJECTS.find((other) => other !== subject) ?? '')
  const other = beside === undefined ? '' : show(beside)
  if (found === undefined) return { target, met: null, found: 'not measured', other }
  return { target, met: meets(found.median, found), found: show(found), other }
}

/** Three significant digits. */
export const digits = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
