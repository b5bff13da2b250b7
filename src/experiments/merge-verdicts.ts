import type { Finding, Metric, RepetitionCounts } from '../events/events.ts'
import { messageText, type MessageList } from '../events/message.ts'
import type { Verdict } from '../playbook/experiment.ts'

/** The verdicts on a finding, merged over all repetitions. */
export type FindingSummary = Pick<Finding, 'holds' | 'evidence' | 'times' | 'measured'> & Pick<Verdict, 'detail'>

/**
 * Merges the verdicts of all repetitions: false if one of them is false, otherwise null if one is inconclusive,
 * otherwise true.
 */
export function mergeVerdicts(verdicts: readonly Verdict[]): FindingSummary {
  const count = (holds: boolean | null): number => verdicts.filter((verdict) => verdict.holds === holds).length
  const times: RepetitionCounts = { held: count(true), failed: count(false), unknown: count(null) }
  const measured = measuredOf(verdicts)
  const detail = detailOf(verdicts)
  return {
    holds: times.failed > 0 ? false : times.unknown > 0 ? null : true,
    evidence: verdicts.flatMap(({ evidence }) => evidence.map(({ id }) => id)),
    ...(detail === undefined ? {} : { detail }),
    ...(verdicts.length > 1 ? { times } : {}),
    ...(measured.length > 0 ? { measured } : {}),
  }
}

function measuredOf(verdicts: readonly Verdict[]): Metric[] {
  const all = new Map<string, { unit: string; values: number[] }>()
  for (const verdict of verdicts) {
    for (const [name, [value, unit]] of Object.entries(verdict.measured ?? {})) {
      const known = all.get(name) ?? { unit, values: [] }
      known.values.push(value)
      all.set(name, known)
    }
  }
  return [...all].map(([name, { unit, values }]) => ({ name, unit, values }))
}

/** One detail per repetition, or a single one if they are all equal. */
function detailOf(verdicts: readonly Verdict[]): Verdict['detail'] {
  const details = verdicts.map(({ detail }) => detail ?? '')
  if (new Set(details.map((detail) => messageText(detail))).size === 1)
    return details[0] === '' ? undefined : details[0]
  return {
    list: details.flatMap((detail, i): MessageList[] =>
      detail === '' ? [] : [{ list: [i + 1, detail], separator: ': ' }],
    ),
    separator: '; ',
  }
}
