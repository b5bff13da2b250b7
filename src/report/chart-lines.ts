import type { LinesChart, Series } from '../events/chart.ts'
import {
  axisStyle,
  color,
  dash,
  FONT,
  INK,
  label,
  labels,
  legend,
  legendRows,
  LEGEND_ROW,
  MARGIN,
  QUIET,
  symbol,
  TITLE,
  type ChartLayout,
} from './chart-style.ts'
import type { Messages } from './messages/index.ts'

const PLOT_HEIGHT = 330
const AXIS_HEIGHT = 58
/** More points of a series could not be distinguished. */
const MAX_POINTS = 4000

type Point = readonly [x: number, y: number]
type Band = readonly [x: number, low: number, high: number]

/** The finite values of a series; on a logarithmic axis only positive ones. */
interface DrawableSeries {
  readonly name: string
  readonly points: readonly Point[]
  readonly band: readonly Band[]
  readonly drawn: NonNullable<Series['drawn']>
}

/** The layout of a line chart. */
export function lineChartLayout({ x, y, series, marks = [] }: LinesChart<string>, messages: Messages): ChartLayout {
  const [onX, onY] = [fits(x.scale), fits(y.scale)]
  const names = labels(series.map(({ name }) => name))
  const drawables = series.map(
    ({ points, band = [], drawn = 'both' }, i): DrawableSeries => ({
      name: names[i] as string,
      points: thin(points.filter((point) => onX(point[0]) && onY(point[1]))),
      band: thin(band.filter((one) => onX(one[0]) && onY(one[1]) && onY(one[2]))),
      drawn,
    }),
  )
  const shownMarks = marks.filter(({ axis, at }) => (axis === 'x' ? onX(at) : onY(at)))
  const [xs, ys] = extents(drawables, shownMarks)
  const top = TITLE + legendRows(names) * LEGEND_ROW + 14
  const option = {
    legend: legend(names),
    grid: { left: MARGIN + 62, right: MARGIN + 16, top, height: PLOT_HEIGHT },
    xAxis: { ...axis(x.scale, xs, messages), name: label(x.label), nameLocation: 'middle', nameGap: 32 },
    yAxis: { ...axis(y.scale, ys, messages), name: label(y.label), nameLocation: 'middle', nameGap: 54 },
    series: [
      ...drawables.flatMap((one, i) => (one.band.length > 0 ? [bandSeries(one, i)] : [])),
      ...drawables.map(lineSeries),
      ...(shownMarks.length > 0 && xs !== undefined && ys !== undefined ? [markSeries(shownMarks, xs, ys)] : []),
    ],
  }
  return {
    option,
    height: top + PLOT_HEIGHT + AXIS_HEIGHT,
    description: describe(label(x.label), label(y.label), drawables, messages),
    notes: xs === undefined ? [messages.charts.noData] : [],
  }
}

const fits =
  (scale: 'linear' | 'log' | undefined) =>
  (value: number): boolean =>
    Number.isFinite(value) && (scale !== 'log' || value > 0)

/** Samples points evenly beyond the limit; keeps the last. */
function thin<T>(points: readonly T[]): readonly T[] {
  if (points.length <= MAX_POINTS) return points
  const step = Math.ceil(points.length / MAX_POINTS)
  return points.filter((_, i) => i % step === 0 || i === points.length - 1)
}

type Extent = readonly [low: number, high: number]

function extents(
  drawables: readonly DrawableSeries[],
  marks: NonNullable<LinesChart<string>['marks']>,
): readonly [Extent | undefined, Extent | undefined] {
  const extentOf = (at: 'x' | 'y'): Extent | undefined => {
    let [low, high] = [Infinity, -Infinity]
    const include = (value: number): void => {
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
    for (const { points, band } of drawables) {
      for (const [x, y] of points) include(at === 'x' ? x : y)
      for (const [x, below, above] of band) for (const value of at === 'x' ? [x] : [below, above]) include(value)
    }
    for (const mark of marks) if (mark.axis === at) include(mark.at)
    return low <= high ? [low, high] : undefined
  }
  return [extentOf('x'), extentOf('y')]
}

/** A logarithmic axis has base 2 where the values span less than about two decades. */
const axis = (scale: 'linear' | 'log' = 'linear', extent: Extent | undefined, { measure }: Messages) => ({
  ...axisStyle,
  axisLabel: { ...axisStyle.axisLabel, formatter: (value: number) => measure(value), hideOverlap: true },
  ...(scale === 'log'
    ? { type: 'log', logBase: extent !== undefined && extent[1] / extent[0] <= 128 ? 2 : 10 }
    : { type: 'value', scale: extent !== undefined && extent[0] < 0 }),
})

const lineSeries = ({ name, points, drawn }: DrawableSeries, i: number) => ({
  type: drawn === 'dots' ? 'scatter' : 'line',
  name,
  data: points.map(([x, y]) => [x, y]),
  symbol: drawn === 'line' ? 'none' : symbol(i),
  symbolSize: drawn === 'dots' ? 9 : 8,
  showSymbol: drawn !== 'line',
  showAllSymbol: true,
  silent: true,
  itemStyle: { color: color(i), ...(drawn === 'dots' ? { opacity: 0.8 } : {}) },
  ...(drawn === 'dots' ? {} : { lineStyle: { color: color(i), width: 2.5, type: dash(i) } }),
  z: 3,
})

interface RenderParams {
  readonly dataIndex: number
}
interface RenderApi {
  coord(point: readonly number[]): number[]
}

/** The area between two lines. A custom shape, since stacked areas do not work on a logarithmic axis. */
const bandSeries = ({ name, band }: DrawableSeries, i: number) => ({
  type: 'custom',
  name: `${name}\u00a0`,
  data: band.map((one) => [...one]),
  encode: { x: 0, y: [1, 2] },
  clip: true,
  silent: true,
  z: 1,
  itemStyle: { color: color(i) },
  renderItem: ({ dataIndex }: RenderParams, api: RenderApi) =>
    dataIndex > 0
      ? undefined
      : {
          type: 'polygon',
          shape: {
            points: [
              ...band.map(([x, , high]) => api.coord([x, high])),
              ...band.toReversed().map(([x, low]) => api.coord([x, low])),
            ],
          },
          style: { fill: color(i), opacity: 0.18 },
        },
})

/** Reference lines. Their points are invisible, but extend the axes. */
const markSeries = (marks: NonNullable<LinesChart<string>['marks']>, xs: Extent, ys: Extent) => ({
  type: 'scatter',
  data: marks.map(({ axis, at }) => (axis === 'x' ? [at, ys[0]] : [xs[0], at])),
  symbol: 'none',
  symbolSize: 0,
  silent: true,
  z: 2,
  markLine: {
    silent: true,
    animation: false,
    symbol: 'none',
    lineStyle: { color: QUIET, width: 1.5, type: [4, 4] },
    data: marks.map(({ axis, at, label: text }) => ({
      ...(axis === 'x' ? { xAxis: at } : { yAxis: at }),
      label: {
        show: true,
        formatter: () => label(text, 32),
        position: 'insideEndTop',
        color: INK,
        fontFamily: FONT,
        fontSize: 12,
      },
    })),
  },
})

const describe = (x: string, y: string, drawables: readonly DrawableSeries[], { charts, measure }: Messages): string =>
  [
    charts.lines(x, y),
    ...drawables.slice(0, 12).map(({ name, points }) => {
      const values = points.map(([, value]) => value)
      return points.length === 0
        ? ''
        : charts.series(name, points.length, measure(Math.min(...values)), measure(Math.max(...values)))
    }),
  ]
    .filter((part) => part !== '')
    .join(' ')
