import type { Summary } from '../evidence/index.ts'
import { tableLines } from '../text/table.ts'
import { lastFindings, valuesText, verdictOf, type FindingSummary, type Verdict } from './report-history.ts'

/** Whether a second run found what the first one did. */
export type Reproduced = 'reproduced' | 'not reproduced' | 'inconclusive'

/** A finding in both runs. */
export interface ReproducedFinding {
  readonly id: string
  readonly result: Reproduced
  readonly before: Verdict
  readonly after: Verdict
  readonly measured: readonly {
    readonly name: string
    readonly unit: string
    readonly before: readonly number[]
    readonly after: readonly number[]
  }[]
}

/**
 * Compares each finding of a run with that of the run that repeats it. A finding is reproduced if both verdicts are
 * conclusive and the same: it judges its numbers itself, and numbers of different machines differ.
 */
export function reproductionOf(before: Summary, after: Summary): ReproducedFinding[] {
  const now = lastFindings(after)
  return [...lastFindings(before)].map(([id, finding]) => {
    const repeated = now.get(id)
    const [from, to] = [verdictOf(finding), verdictOf(repeated)]
    return { id, result: resultOf(from, to), before: from, after: to, measured: measuresOf(finding, repeated) }
  })
}

function resultOf(before: Verdict, after: Verdict): Reproduced {
  if ([before, after].some((verdict) => verdict === 'inconclusive' || verdict === 'absent')) return 'inconclusive'
  return before === after ? 'reproduced' : 'not reproduced'
}

const measuresOf = (from: FindingSummary, to: FindingSummary | undefined): ReproducedFinding['measured'] =>
  (from.measured ?? []).map(({ name, unit, values }) => ({
    name,
    unit,
    before: values,
    after: to?.measured?.find((metric) => metric.name === name)?.values ?? [],
  }))

/** A table: each finding with both verdicts, and below it each measured value in both runs. */
export function reproductionText(findings: readonly ReproducedFinding[]): string {
  const rows = findings.flatMap(({ id, result, before, after, measured }) => [
    [id, result, before, after],
    ...measured.map(({ name, unit, before: from, after: to }) => [
      `  ${name}`,
      '',
      valuesText(from, unit),
      to.length === 0 ? '-' : valuesText(to, unit),
    ]),
  ])
  const count = (wanted: Reproduced): number => findings.filter(({ result }) => result === wanted).length
  return [
    ...tableLines([['FINDING', 'RESULT', 'IN THE RUN', 'HERE'], ...rows]),
    '',
    `${count('reproduced')} of ${findings.length} findings reproduced, ${count('not reproduced')} not, ${count('inconclusive')} inconclusive`,
  ].join('\n')
}
