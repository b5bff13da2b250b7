import { joinTexts, say, type LabChart, type LabText } from '../../../messages/say.ts'
import { quantileSorted } from 'simple-statistics'
import { csvText, type Message, type MessageValue } from 'labbook'
import { parseJsonLines } from './lost-writes.ts'

/** Replication lag of a replica, in milliseconds. */
export interface Lags {
  /** Lag of each sample, sorted. An upper bound: it includes the read round trip that returned the new value. */
  readonly sorted: readonly number[]
  /** Samples that the replica did not return within five seconds. */
  readonly late: number
  /** Read round trips without a pending write, one before each sample, sorted. */
  readonly roundTrips: readonly number[]
  /** Samples whose first read returned the old value, which proves lag. */
  readonly stale: number
  readonly complete: boolean
}

/** Parses the output of `client.py lag`. */
export function parseLags(stdout: string): Lags {
  const lines = parseJsonLines(stdout)
  const samples = lines.flatMap(({ lag, looks }) =>
    typeof lag === 'number' ? [{ ms: lag / 1000, looks: Number(looks) }] : [],
  )
  const late = lines.filter((line) => line.late === true).length
  return {
    sorted: samples.map(({ ms }) => ms).sort((a, b) => a - b),
    late,
    roundTrips: lines.flatMap(({ trip }) => (typeof trip === 'number' ? [trip / 1000] : [])).sort((a, b) => a - b),
    stale: late + samples.filter(({ looks }) => looks > 1).length,
    complete: lines.some(({ ended }) => ended === true),
  }
}

/** Merges several measurements. */
export const mergeLags = (all: readonly Lags[]): Lags => ({
  sorted: all.flatMap(({ sorted }) => sorted).sort((a, b) => a - b),
  late: all.reduce((sum, { late }) => sum + late, 0),
  roundTrips: all.flatMap(({ roundTrips: trips }) => trips).sort((a, b) => a - b),
  stale: all.reduce((sum, { stale }) => sum + stale, 0),
  complete: all.every(({ complete: whole }) => whole),
})

/** Wilson score interval of a proportion, 95 % confidence. Valid also for 0 and 100 %. */
export function wilsonInterval(count: number, total: number): readonly [low: number, high: number] {
  if (total === 0) return [0, 1]
  const z = 1.96
  const [fraction, scale] = [count / total, 1 + z ** 2 / total]
  const [middle, half] = [
    (fraction + z ** 2 / (2 * total)) / scale,
    (z / scale) * Math.sqrt((fraction * (1 - fraction)) / total + z ** 2 / (4 * total ** 2)),
  ]
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}

/**
 * Whether stale reads are more frequent under load. Compares stale reads instead of times: if the client shares its CPU
 * with the load, a long time may be the client's own CPU wait.
 *
 * @returns null if the confidence intervals overlap.
 */
export function staleMoreOften(
  idle: Pick<Lags, 'stale' | 'sorted' | 'late'>,
  loaded: Pick<Lags, 'stale' | 'sorted' | 'late'>,
): boolean | null {
  const interval = ({ stale, sorted, late }: Pick<Lags, 'stale' | 'sorted' | 'late'>) =>
    wilsonInterval(stale, sorted.length + late)
  const [[idleLow, idleHigh], [low, high]] = [interval(idle), interval(loaded)]
  return low > idleHigh ? true : high < idleLow ? false : null
}

const QUANTILES = [0.5, 0.9, 0.99, 1] as const

/**
 * Quantile of the lag in milliseconds; late samples count as larger than any other. NaN if among these, or without
 * samples.
 */
export function lagQuantile({ sorted, late }: Pick<Lags, 'sorted' | 'late'>, quantile: number): number {
  const total = sorted.length + late
  if (sorted.length === 0 || quantile * total > sorted.length) return Number.NaN
  return quantileSorted([...sorted], Math.min(1, (quantile * total) / sorted.length))
}

/** Read round trips: the resolution of the lag. */
export const roundTripMessage = ({ roundTrips: trips }: Lags): MessageValue =>
  trips.length === 0
    ? say('not measured')
    : joinTexts(
        [0.5, 0.9, 0.99].map((quantile) =>
          say('{name} {ms} ms', { name: `p${quantile * 100}`, ms: quantileSorted([...trips], quantile).toFixed(3) }),
        ),
      )

export function lagMessage(lags: Lags): Message {
  const quantiles = joinTexts(
    QUANTILES.map((quantile) =>
      quantileMessage(quantile === 1 ? say('max') : `p${quantile * 100}`, lagQuantile(lags, quantile)),
    ),
  )
  return say('{quantiles}{late} ({samples} samples)', {
    quantiles,
    late: lags.late > 0 ? say(', {late} over 5 s', { late: lags.late }) : '',
    samples: lags.sorted.length + lags.late,
  })
}

const quantileMessage = (name: MessageValue, ms: number): Message =>
  Number.isNaN(ms)
    ? say('{name} over 5 s', { name })
    : say('{name} {ms} ms', { name, ms: ms < 10 ? ms.toFixed(2) : ms.toFixed(0) })

/** Cumulative distribution of the lag, one curve per series. */
export const lagChart = (states: readonly { readonly label: LabText; readonly lags: Lags }[]): LabChart => ({
  kind: 'lines',
  title: 'Replication lag (upper bound), cumulative distribution',
  x: { label: 'ms', scale: 'log' },
  y: { label: '% of samples' },
  series: states
    .filter(({ lags }) => lags.sorted.length > 0)
    .map(({ label, lags }) => ({
      name: label,
      drawn: 'line',
      points: Array.from({ length: 101 }, (_, percent): [number, number] => [
        Math.max(0.001, quantileSorted([...lags.sorted], percent / 100)),
        (percent * lags.sorted.length) / (lags.sorted.length + lags.late),
      ]),
    })),
})

export const lagCsv = (states: readonly { readonly name: string; readonly lags: Lags }[]): string =>
  csvText([['state', 'lag_ms'], ...states.flatMap(({ name, lags }) => lags.sorted.map((ms) => [name, ms.toFixed(3)]))])
