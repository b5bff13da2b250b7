import { max, median, min } from 'simple-statistics'
import type { Finding, Metric, RepetitionCounts } from '../events/events.ts'
import { proportionInterval } from './proportion-interval.ts'
import type { Messages } from './messages/index.ts'

/** Statistics of a finding as text: how often it held, with a confidence interval, and the numbers measured. */
export const findingStatistics = (
  { times, measured, question }: Pick<Finding, 'times' | 'measured' | 'question'>,
  messages: Messages,
): string[] => [
  ...(times === undefined ? [] : [heldText(times, question === true, messages)]),
  ...(measured ?? []).flatMap((series) => numbers(series, messages)),
]

function heldText({ held, failed, unknown }: RepetitionCounts, isQuestion: boolean, { phrases }: Messages): string {
  const conclusive = held + failed
  return [
    isQuestion ? phrases.yesTimes(held, conclusive) : phrases.heldTimes(held, conclusive),
    ...(conclusive === 0 ? [] : [interval(held, conclusive, phrases)]),
    ...(unknown > 0 && conclusive > 0 ? [phrases.inconclusive(unknown)] : []),
  ].join('; ')
}

function interval(held: number, of: number, phrases: Messages['phrases']): string {
  const [low, high] = proportionInterval(held, of).map((proportion) => String(Math.round(proportion * 100))) as [
    string,
    string,
  ]
  if (held === of) return phrases.atLeast(low)
  return held === 0 ? phrases.atMost(high) : phrases.between(low, high)
}

function numbers({ name, unit, values }: Metric, { measure, phrases }: Messages): string[] {
  // NaN and infinities are null in the event log.
  const finite = values.filter((value) => Number.isFinite(value))
  if (finite.length === 0) return []
  const withUnit = (value: number): string => `${measure(value)}${unit === '' ? '' : ` ${unit}`}`
  if (finite.length === 1) return [`${name}: ${withUnit(finite[0] as number)}`]
  return [phrases.measured(name, withUnit(median(finite)), measure(min(finite)), withUnit(max(finite)), finite.length)]
}
