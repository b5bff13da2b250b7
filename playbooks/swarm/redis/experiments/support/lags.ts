import { quantileSorted } from 'simple-statistics'
import type { Chart } from '../../../../../src/labbook.ts'
import { readLines } from './losses.ts'

/** How far a replica was behind, in milliseconds. */
export interface Lags {
  /**
   * Of each sample that was seen, in order of size: until the answer that showed it. So never less than one look takes,
   * and an upper bound.
   */
  readonly sorted: readonly number[]
  /** Samples that the replica did not show within five seconds. */
  readonly late: number
  /** What a look at the replica took that waited for nothing, one before each sample, in order of size. */
  readonly trips: readonly number[]
  /** Samples of which the replica's first answer was still the old value: these were behind for certain. */
  readonly stale: number
  readonly whole: boolean
}

/** Reads what `client.py lag` prints. */
export function readLags(stdout: string): Lags {
  const lines = readLines(stdout)
  const samples = lines.flatMap(({ lag, looks }) =>
    typeof lag === 'number' ? [{ ms: lag / 1000, looks: Number(looks) }] : [],
  )
  const late = lines.filter((line) => line.late === true).length
  return {
    sorted: samples.map(({ ms }) => ms).sort((a, b) => a - b),
    late,
    trips: lines.flatMap(({ trip }) => (typeof trip === 'number' ? [trip / 1000] : [])).sort((a, b) => a - b),
    stale: late + samples.filter(({ looks }) => looks > 1).length,
    whole: lines.some(({ ended }) => ended === true),
  }
}

/** Of several measurements together. */
export const allLags = (some: readonly Lags[]): Lags => ({
  sorted: some.flatMap(({ sorted }) => sorted).sort((a, b) => a - b),
  late: some.reduce((sum, { late }) => sum + late, 0),
  trips: some.flatMap(({ trips }) => trips).sort((a, b) => a - b),
  stale: some.reduce((sum, { stale }) => sum + stale, 0),
  whole: some.every(({ whole }) => whole),
})

/** Between what a share lies, with 95 % confidence (Wilson): also where none or all were seen. */
export function shareBetween(count: number, of: number): readonly [low: number, high: number] {
  if (of === 0) return [0, 1]
  const z = 1.96
  const [part, scale] = [count / of, 1 + z ** 2 / of]
  const [middle, half] = [
    (part + z ** 2 / (2 * of)) / scale,
    (z / scale) * Math.sqrt((part * (1 - part)) / of + z ** 2 / (4 * of ** 2)),
  ]
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}

/**
 * Whether a replica is behind more often under load. Told by old values that were answered, not by times: where the
 * client shares its CPU with the load, a long time may be its own waiting.
 *
 * @returns null where the intervals overlap.
 */
export function behindMoreOften(
  idle: Pick<Lags, 'stale' | 'sorted' | 'late'>,
  loaded: Pick<Lags, 'stale' | 'sorted' | 'late'>,
): boolean | null {
  const between = ({ stale, sorted, late }: Pick<Lags, 'stale' | 'sorted' | 'late'>) =>
    shareBetween(stale, sorted.length + late)
  const [[idleLow, idleHigh], [low, high]] = [between(idle), between(loaded)]
  return low > idleHigh ? true : high < idleLow ? false : null
}

const PARTS = [0.5, 0.9, 0.99, 1] as const

/**
 * Milliseconds within which that part of all samples was there; those that were late count as later than any. NaN: none
 * was seen, or beyond those seen.
 */
export function lagAt({ sorted, late }: Pick<Lags, 'sorted' | 'late'>, part: number): number {
  const all = sorted.length + late
  if (sorted.length === 0 || part * all > sorted.length) return Number.NaN
  return quantileSorted([...sorted], Math.min(1, (part * all) / sorted.length))
}

/** What a look takes by itself: times of samples mean nothing below. */
export const tripText = ({ trips }: Pick<Lags, 'trips'>): string =>
  trips.length === 0
    ? 'not measured'
    : [0.5, 0.9, 0.99].map((part) => `p${part * 100} ${quantileSorted([...trips], part).toFixed(3)} ms`).join(', ')

export const lagText = (lags: Lags): string =>
  `${PARTS.map((part) => `${part === 1 ? 'longest' : `p${part * 100}`} ${shownMs(lagAt(lags, part))}`).join(', ')}` +
  `${lags.late > 0 ? `, ${lags.late} later than 5 s` : ''} (${lags.sorted.length + lags.late} samples)`

const shownMs = (ms: number): string =>
  Number.isNaN(ms) ? 'over 5 s' : `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`

/** What part of the samples was there after so many milliseconds: a curve for each state. */
export const lagChart = (states: readonly { readonly name: string; readonly lags: Lags }[]): Chart => ({
  kind: 'lines',
  title: 'Until a replica was seen to show what the master has acknowledged (at most)',
  x: { label: 'ms', scale: 'log' },
  y: { label: '% of the samples' },
  series: states
    .filter(({ lags }) => lags.sorted.length > 0)
    .map(({ name, lags }) => ({
      name,
      drawn: 'line',
      points: Array.from({ length: 101 }, (_, percent): [number, number] => [
        Math.max(0.001, quantileSorted([...lags.sorted], percent / 100)),
        (percent * lags.sorted.length) / (lags.sorted.length + lags.late),
      ]),
    })),
})

export const lagCsv = (states: readonly { readonly name: string; readonly lags: Lags }[]): string =>
  ['state,lag_ms', ...states.flatMap(({ name, lags }) => lags.sorted.map((ms) => `${name},${ms.toFixed(3)}`)), ''].join(
    '\n',
  )
