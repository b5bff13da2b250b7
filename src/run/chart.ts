/**
 * A picture of numbers, as data: an exhibit carries it, the report draws it, so that an old journal can be drawn anew.
 */
export type Chart = LinesChart | TimelineChart

export interface Axis {
  readonly label: string
  /** Default linear, from 0 where all values are positive. */
  readonly scale?: 'linear' | 'log'
}

/** Values against one another: throughput against load, latency against time. */
export interface LinesChart {
  readonly kind: 'lines'
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
  /** Straight lines across, such as a limit or a moment. */
  readonly marks?: readonly { readonly axis: 'x' | 'y'; readonly at: number; readonly label: string }[]
}

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
  /** Lowest and highest at an x, such as an interval of confidence. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[]
  /** Default `both`: dots, joined. `dots` for single measurements, `line` for a fitted curve. */
  readonly drawn?: 'both' | 'dots' | 'line'
}

/** What was where and when: the tasks of a service on the nodes, and what happened meanwhile. */
export interface TimelineChart {
  readonly kind: 'timeline'
  readonly title: string
  /** Seconds from the start that the picture spans. */
  readonly seconds: number
  /** One lane for each, in this order. */
  readonly lanes: readonly string[]
  readonly bars: readonly TimelineBar[]
  readonly events: readonly { readonly at: number; readonly label: string }[]
  /** Requests that came meanwhile, by the second. */
  readonly requests?: readonly { readonly at: number; readonly ok: number; readonly failed: number }[]
}

export interface TimelineBar {
  readonly lane: string
  /** Several may be at work in one lane at a time; bars of one name share a colour. */
  readonly name: string
  /** Seconds from the start. */
  readonly from: number
  readonly to: number
  /** `starting`: not at work yet; `failed`: it ended in failure. */
  readonly state: 'starting' | 'running' | 'failed'
}
