import { quantileSorted } from 'simple-statistics'
import type { Chart } from '../../../../../src/labbook.ts'
import { readLines } from './losses.ts'

/** How far a replica was behind, in milliseconds. */
export interface Lags {
  /** Of each sample that was seen, in order of size. */
  readonly sorted: readonly number[]
  /** Samples that the replica did not show within five seconds. */
  readonly late: number
  /** Milliseconds of a question to the replica and its answer: nothing finer than that can be told. */
  readonly roundTrip: number
  /** Samples that the first question found there already. */
  readonly atOnce: number
  readonly whole: boolean
}

/** Reads what `client.py lag` prints. */
export function readLags(stdout: string): Lags {
  const lines = readLines(stdout)
  const samples = lines.flatMap(({ lag, looks }) => typeof lag === 'number' ? [{ ms: lag / 1000, looks: Number(looks) }] : [])
  return {
    sorted: samples.map(({ ms }) => ms).sort((a, b) => a - b),
    late: lines.filter(({ late }) => late === true).length,
    roundTrip: Number(lines.find(({ round_trip: trip }) => trip !== undefined)?.round_trip ?? Number.NaN) / 1000,
    atOnce: samples.filter(({ looks }) => looks === 1).length,
    whole: lines.some(({ ended }) => ended === true),
  }
}

const PARTS = [0.5, 0.9, 0.99, 1] as const

/** Milliseconds within which that part of all samples was there; those that were late count as later than any. NaN: none was seen, or beyond those seen. */
export function lagAt({ sorted, late }: Pick<Lags, 'sorted' | 'late'>, part: number): number {
  const all = sorted.length + late
  if (sorted.length === 0 || part * all > sorted.length) return Number.NaN
  return quantileSorted([...sorted], Math.min(1, part * all / sorted.length))
}

export const lagText = (lags: Lags): string =>
  `${PARTS.map((part) => `${part === 1 ? 'longest' : `p${part * 100}`} ${shownMs(lagAt(lags, part))}`).join(', ')}`
  + `${lags.late > 0 ? `, ${lags.late} later than 5 s` : ''} (${lags.sorted.length + lags.late} samples)`

const shownMs = (ms: number): string => Number.isNaN(ms) ? 'over 5 s' : `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`

/** What part of the samples was there after so many milliseconds: a curve for each state. */
export const lagChart = (states: readonly { readonly name: string; readonly lags: Lags }[]): Chart => ({
  kind: 'lines',
  title: 'Until a replica shows what the master has acknowledged',
  x: { label: 'ms', scale: 'log' },
  y: { label: '% of the samples' },
  series: states.filter(({ lags }) => lags.sorted.length > 0).map(({ name, lags }) => ({
    name, drawn: 'line',
    points: Array.from({ length: 101 }, (_, percent): [number, number] => [
      Math.max(0.001, quantileSorted([...lags.sorted], percent / 100)), percent * lags.sorted.length / (lags.sorted.length + lags.late),
    ]),
  })),
})

export const lagCsv = (states: readonly { readonly name: string; readonly lags: Lags }[]): string =>
  ['state,lag_ms', ...states.flatMap(({ name, lags }) => lags.sorted.map((ms) => `${name},${ms.toFixed(3)}`)), ''].join('\n')
