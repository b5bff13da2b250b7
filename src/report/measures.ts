import { max, median, min } from 'simple-statistics'
import type { Finding, Measured, Times } from '../run/events.ts'
import { shareInterval } from './interval.ts'
import type { Words } from './words/index.ts'

/**
 * What was seen of a finding each time, in sentences: how often it held and how sure that is, and the numbers measured.
 */
export const measures = (
  { times, measured, question }: Pick<Finding, 'times' | 'measured' | 'question'>,
  words: Words,
): string[] => [
  ...(times === undefined ? [] : [heldTimes(times, question === true, words)]),
  ...(measured ?? []).flatMap((one) => numbers(one, words)),
]

function heldTimes({ held, failed, unknown }: Times, asked: boolean, { says }: Words): string {
  const told = held + failed
  return [
    asked ? says.yesTimes(held, told) : says.times(held, told),
    ...(told === 0 ? [] : [interval(held, told, says)]),
    ...(unknown > 0 && told > 0 ? [says.untold(unknown)] : []),
  ].join('; ')
}

function interval(held: number, told: number, says: Words['says']): string {
  const [low, high] = shareInterval(held, told).map((share) => String(Math.round(share * 100))) as [string, string]
  if (held === told) return says.atLeast(low)
  return held === 0 ? says.atMost(high) : says.between(low, high)
}

function numbers({ name, unit, values }: Measured, { measure, says }: Words): string[] {
  // What is no number is null in a journal.
  const known = values.filter((value) => Number.isFinite(value))
  if (known.length === 0) return []
  const withUnit = (value: number): string => `${measure(value)}${unit === '' ? '' : ` ${unit}`}`
  if (known.length === 1) return [`${name}: ${withUnit(known[0] as number)}`]
  return [says.measured(name, withUnit(median(known)), measure(min(known)), withUnit(max(known)), known.length)]
}
