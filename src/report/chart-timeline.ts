import type { TimelineBar, TimelineChart } from '../run/chart.ts'
import {
  axisLooks,
  color,
  FAILED,
  FONT,
  INK,
  label,
  labels,
  legend,
  legendRows,
  LEGEND_ROW,
  MARGIN,
  NOTE_ROW,
  QUIET,
  TITLE,
  WIDTH,
  type Plan,
} from './chart-looks.ts'
import type { Words } from './words/index.ts'

const ROW = 20
const LANE_GAP = 10
const STRIP = 100
const BETWEEN = 34
const AXIS = 54
const LEFT = 130
const RIGHT = 30
const MOST_BARS = 2000
const MOST_EVENTS = 40
/** More names than this make no legend. */
const MOST_NAMES = 16
/** Of an event's number, which stands above its line. */
const FLAG = 18

type State = TimelineBar['state']

interface Placed extends TimelineBar {
  readonly laneAt: number
  /** In the lane, from the top: bars at the same time lie below one another. */
  readonly row: number
}

interface RenderParams {
  readonly dataIndex: number
}
interface RenderApi {
  coord(point: readonly number[]): [number, number]
  size(extent: readonly number[]): [number, number]
}

/** What was where and when; below it, the requests of each second: answered ones up, failed ones down. */
export function planTimeline(chart: TimelineChart, words: Words): Plan {
  const { charts, measure } = words
  const seconds = Math.max(1, ...[chart.seconds].filter(Number.isFinite))
  const lanes = labels(chart.lanes)
  const { bars, rows } = place(chart)
  const known = [...new Set(bars.map(({ name }) => name))]
  const names = labels(known)
  const nameOf = new Map(known.map((name, i) => [name, names[i] as string]))
  const events = chart.events
    .filter(({ at }) => Number.isFinite(at))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, MOST_EVENTS)
  const requests = (chart.requests ?? []).filter(({ at, ok, failed }) => [at, ok, failed].every(Number.isFinite))
  const states = [
    ...(bars.some(({ state }) => state === 'starting') ? [charts.starting] : []),
    ...(bars.some(({ state }) => state === 'failed') ? [charts.ended] : []),
  ]
  const shownNames = [...(names.length <= MOST_NAMES ? names : []), ...states]

  const top = TITLE + legendRows(shownNames) * LEGEND_ROW + (events.length > 0 ? FLAG + 10 : 14)
  const plot = Math.max(1, lanes.length) * (Math.max(1, rows) * ROW + LANE_GAP)
  const stripTop = top + plot + BETWEEN
  const bottom = requests.length > 0 ? stripTop + STRIP : top + plot
  const time = (grid: number, named: boolean) => ({
    ...axisLooks,
    type: 'value',
    gridIndex: grid,
    min: 0,
    max: seconds,
    axisLabel: { ...axisLooks.axisLabel, show: named, formatter: (value: number) => measure(value), hideOverlap: true },
    ...(named ? { name: charts.seconds, nameLocation: 'middle', nameGap: 30 } : {}),
  })
  const option = {
    legend: legend(shownNames),
    grid: [
      { left: LEFT, right: RIGHT, top, height: plot },
      ...(requests.length > 0 ? [{ left: LEFT, right: RIGHT, top: stripTop, height: STRIP }] : []),
    ],
    xAxis: [time(0, requests.length === 0), ...(requests.length > 0 ? [time(1, true)] : [])],
    yAxis: [
      {
        ...axisLooks,
        type: 'category',
        data: lanes.length > 0 ? lanes : [''],
        inverse: true,
        axisTick: { show: false },
        axisLabel: { ...axisLooks.axisLabel, fontSize: 13, formatter: (lane: string) => label(lane, 13), interval: 0 },
        splitArea: { show: true, areaStyle: { color: ['#ffffff', '#f5f7f9'] } },
      },
      ...(requests.length > 0 ? [requestAxis(words)] : []),
    ],
    series: [
      ...known.map((name, i) =>
        barSeries(
          nameOf.get(name) as string,
          bars.filter((bar) => bar.name === name),
          Math.max(1, rows),
          color(i),
        ),
      ),
      ...stateSeries(words),
      ...(events.length > 0 ? [eventSeries(events)] : []),
      ...(requests.length > 0 ? requestSeries(requests, seconds) : []),
    ],
  }
  const clock = (at: number): string => `${measure(Math.round(at * 10) / 10)} ${charts.second}`
  return {
    option,
    height: bottom + AXIS,
    description: [
      charts.timeline(lanes.join(', '), measure(seconds), bars.length),
      ...events.map(({ at, label: text }) => `${clock(at)}: ${label(text)}.`),
      ...(requests.length > 0
        ? [charts.requests(sum(requests.map(({ ok }) => ok)), sum(requests.map(({ failed }) => failed)))]
        : []),
    ].join(' '),
    notes: events.map(({ at, label: text }, i) => `${i + 1}   ${clock(at)}   ${label(text, 100)}`),
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

/** Gives each bar the first row of its lane that is free at that time. */
function place({ bars, lanes }: TimelineChart): { bars: readonly Placed[]; rows: number } {
  const ends: number[][] = lanes.map(() => [])
  const known = bars.filter(
    ({ lane, from, to }) => lanes.includes(lane) && Number.isFinite(from) && Number.isFinite(to) && to >= from,
  )
  const placed = known
    .toSorted((a, b) => a.from - b.from)
    .slice(0, MOST_BARS)
    .map((bar): Placed => {
      const laneAt = lanes.indexOf(bar.lane)
      const rows = ends[laneAt] as number[]
      const free = rows.findIndex((end) => end <= bar.from)
      const row = free === -1 ? rows.length : free
      rows[row] = bar.to
      return { ...bar, laneAt, row }
    })
  return { bars: placed, rows: Math.max(0, ...ends.map((rows) => rows.length)) }
}

/** State is told by more than colour: what starts is an outline of dashes, what failed has a cross and a thick edge. */
const looks = (state: State, hue: string): object =>
  ({
    running: { fill: hue, stroke: hue, lineWidth: 1 },
    starting: { fill: '#ffffff', stroke: hue, lineWidth: 1.5, lineDash: [4, 3] },
    failed: { fill: '#fdebe9', stroke: FAILED, lineWidth: 2.5 },
  })[state]

const barSeries = (name: string, bars: readonly Placed[], rows: number, hue: string) => ({
  type: 'custom',
  name,
  xAxisIndex: 0,
  yAxisIndex: 0,
  data: bars.map(({ laneAt, from, to }) => [laneAt, from, to]),
  encode: { x: [1, 2], y: 0 },
  itemStyle: { color: hue },
  silent: true,
  clip: true,
  z: 3,
  renderItem: ({ dataIndex }: RenderParams, api: RenderApi) => {
    const { laneAt, from, to, row, state } = bars[dataIndex] as Placed
    const [left, middle] = api.coord([from, laneAt])
    const [right] = api.coord([to, laneAt])
    const laneHeight = api.size([0, 1])[1]
    const height = (laneHeight - LANE_GAP) / rows
    const y = middle - laneHeight / 2 + LANE_GAP / 2 + row * height
    const width = Math.max(2, right - left)
    const text = state === 'failed' ? `✗ ${name}` : name
    return {
      type: 'group',
      children: [
        { type: 'rect', shape: { x: left, y: y + 1.5, width, height: height - 3, r: 3 }, style: looks(state, hue) },
        ...(width < 28
          ? []
          : [
              {
                type: 'text',
                style: {
                  text,
                  x: left + 6,
                  y: y + height / 2,
                  verticalAlign: 'middle',
                  fill: state === 'running' ? '#ffffff' : INK,
                  fontFamily: FONT,
                  fontSize: 11,
                  width: width - 10,
                  overflow: 'truncate',
                  ellipsis: '…',
                },
              },
            ]),
      ],
    }
  },
})

/** They have no bars of their own; they are in the legend, to say what outlines mean. */
const stateSeries = ({ charts }: Words) => [
  {
    type: 'custom',
    name: charts.starting,
    data: [],
    renderItem: () => undefined,
    itemStyle: { color: '#ffffff', borderColor: QUIET, borderWidth: 1.5, borderType: [4, 3] },
  },
  {
    type: 'custom',
    name: charts.ended,
    data: [],
    renderItem: () => undefined,
    itemStyle: { color: '#fdebe9', borderColor: FAILED, borderWidth: 2.5 },
  },
]

const eventSeries = (events: TimelineChart['events']) => ({
  type: 'scatter',
  data: [],
  xAxisIndex: 0,
  yAxisIndex: 0,
  silent: true,
  z: 5,
  markLine: {
    silent: true,
    animation: false,
    symbol: 'none',
    lineStyle: { color: INK, width: 1.5, type: [3, 3] },
    data: events.map(({ at }, i) => ({
      xAxis: at,
      label: {
        show: true,
        position: 'start',
        distance: 4,
        formatter: () => String(i + 1),
        color: INK,
        fontFamily: FONT,
        fontSize: 12,
        fontWeight: 700,
      },
    })),
  },
})

const requestAxis = ({ charts, number }: Words) => ({
  ...axisLooks,
  type: 'value',
  gridIndex: 1,
  name: charts.failedBelow,
  nameLocation: 'middle',
  nameGap: 64,
  splitNumber: 3,
  nameTextStyle: { ...axisLooks.nameTextStyle, fontSize: 11 },
  axisLabel: { ...axisLooks.axisLabel, formatter: (value: number) => number(Math.abs(value)), hideOverlap: true },
  minInterval: 1,
})

function requestSeries(requests: NonNullable<TimelineChart['requests']>, seconds: number) {
  const width = Math.max(1, (WIDTH - LEFT - RIGHT) / seconds - 0.5)
  const strip = (heights: readonly (readonly [at: number, height: number])[], fill: string) => ({
    type: 'custom',
    xAxisIndex: 1,
    yAxisIndex: 1,
    data: heights.map((one) => [...one]),
    encode: { x: 0, y: 1 },
    silent: true,
    clip: true,
    renderItem: ({ dataIndex }: RenderParams, api: RenderApi) => {
      const [at, height] = heights[dataIndex] as readonly [number, number]
      const [x, y] = api.coord([at, height])
      const [, zero] = api.coord([at, 0])
      return height === 0
        ? undefined
        : { type: 'rect', shape: { x, y: Math.min(y, zero), width, height: Math.abs(zero - y) }, style: { fill } }
    },
  })
  return [
    strip(
      requests.map(({ at, ok }) => [at, ok]),
      '#5b8db8',
    ),
    strip(
      requests.map(({ at, failed }) => [at, -failed]),
      FAILED,
    ),
  ]
}

/** The space that lines of notes take, with their distance from the plot. */
export const notesHeight = (notes: readonly string[]): number =>
  notes.length === 0 ? 0 : notes.length * NOTE_ROW + MARGIN
