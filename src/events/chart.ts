import type { Text } from './message.ts'

/**
 * A chart as data. An exhibit contains it and the report renders it, so older event logs can be rendered again.
 *
 * @typeParam T - its texts: strings, once they are in the language of the report.
 */
export type Chart<T = Text> = LinesChart<T> | TimelineChart<T> | NetworkChart<T>

export interface Axis<T = Text> {
  readonly label: T
  /** Default: linear, starting at 0 if all values are positive. */
  readonly scale?: 'linear' | 'log'
}

/** One quantity against another: throughput against load, latency against time. */
export interface LinesChart<T = Text> {
  readonly kind: 'lines'
  readonly title: T
  readonly x: Axis<T>
  readonly y: Axis<T>
  readonly series: readonly Series<T>[]
  /** Reference lines, such as a limit or a point in time. */
  readonly marks?: readonly { readonly axis: 'x' | 'y'; readonly at: number; readonly label: T }[]
}

export interface Series<T = Text> {
  readonly name: T
  readonly points: readonly (readonly [x: number, y: number])[]
  /** Lower and upper bound at each x, such as a confidence interval. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[]
  /** Default `both`: dots and line. `dots` for single measurements, `line` for a fitted curve. */
  readonly drawn?: 'both' | 'dots' | 'line'
}

/** Where tasks of a service ran over time, and events meanwhile. */
export interface TimelineChart<T = Text> {
  readonly kind: 'timeline'
  readonly title: T
  /** Length of the time axis in seconds. */
  readonly seconds: number
  /** Lane names, in display order. */
  readonly lanes: readonly string[]
  readonly bars: readonly TimelineBar[]
  readonly events: readonly { readonly at: number; readonly label: T }[]
  /** Requests per second. */
  readonly requests?: readonly { readonly at: number; readonly ok: number; readonly failed: number }[]
}

/** Machines and services, and which sends requests to which. */
export interface NetworkChart<T = Text> {
  readonly kind: 'network'
  readonly title: T
  /** From the clients down. */
  readonly rows: readonly { readonly label: T; readonly boxes: readonly NetworkBox<T>[] }[]
  /** Between boxes, by name. */
  readonly links: readonly { readonly from: string; readonly to: string; readonly label?: string }[]
}

export interface NetworkBox<T = Text> {
  /** Unique in the chart: links are between names. */
  readonly name: string
  /** Default: the name. */
  readonly title?: T
  /** Such as an address, a port, or a number of replicas. */
  readonly lines: readonly T[]
}

export interface TimelineBar {
  readonly lane: string
  /** Bars in one lane may overlap. Bars with the same name share a colour. */
  readonly name: string
  /** Seconds from the start. */
  readonly from: number
  readonly to: number
  /** `starting`: not ready yet; `failed`: ended with a failure. */
  readonly state: 'starting' | 'running' | 'failed'
}
