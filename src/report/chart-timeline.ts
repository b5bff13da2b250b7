import type { TimelineChart } from '../events/chart.ts'
import {
  axisStyle,
  color,
  FAILED,
  FONT,
  INK,
  label,
  labels,
  legend,
  legendRows,
  LEGEND_ROW,
  QUIET,
  TITLE,
  WIDTH,
  type ChartLayout,
} from './chart-style.ts'
import { numberRows, splitLostBars, type DrawnBar } from './timeline-events.ts'
import { requestAxis, requestSeries, type RenderApi, type RenderParams } from './timeline-requests.ts'
import { translatedEvents } from './translate.ts'
import type { Messages } from './messages/index.ts'

const ROW_HEIGHT = 20
const LANE_GAP = 10
const REQUESTS_HEIGHT = 100
const REQUESTS_GAP = 34
const AXIS_HEIGHT = 54
const LEFT = 130
const RIGHT = 30
const MAX_BARS = 2000
const MAX_EVENTS = 40
/** No legend for more names. */
const MAX_NAMES = 16
/** Height of an event's number above the plot. */
const EVENT_LABEL_HEIGHT = 18
/** Height of a further row of numbers. */
const EVENT_ROW = 14

type State = DrawnBar['state']

interface PlacedBar extends DrawnBar {
  readonly laneAt: number
  /** Within the lane, from the top. Overlapping bars are in different rows. */
  readonly row: number
}

/** The layout of a timeline: lanes with bars, and below them the requests per second, answered up, failed down. */
export function timelineLayout(chart: TimelineChart, messages: Messages): ChartLayout {
  const { charts, measure } = messages
  const seconds = Math.max(1, ...[chart.seconds].filter(Number.isFinite))
  const lanes = labels(chart.lanes)
  const { bars, rows } = place({ bars: splitLostBars(chart), lanes: chart.lanes })
  const barNames = [...new Set(bars.map(({ name }) => name))]
  const names = labels(barNames)
  const labelOf = new Map(barNames.map((name, i) => [name, names[i] as string]))
  const events = translatedEvents(chart, messages)
    .filter(({ at }) => Number.isFinite(at))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, MAX_EVENTS)
  const requests = (chart.requests ?? []).filter(({ at, ok, failed }) => [at, ok, failed].every(Number.isFinite))
  const states = [
    ...(bars.some(({ state }) => state === 'starting') ? [charts.starting] : []),
    ...(bars.some(({ state }) => state === 'failed') ? [charts.failed] : []),
    ...(bars.some(({ state }) => state === 'assumed') ? [charts.assumed] : []),
  ]
  const eventRows = numberRows(events, (WIDTH - LEFT - RIGHT) / seconds)
  const legendNames = [...(names.length <= MAX_NAMES ? names : []), ...states]

  const top =
    TITLE +
    legendRows(legendNames) * LEGEND_ROW +
    (events.length > 0 ? EVENT_LABEL_HEIGHT + 10 + Math.max(...eventRows) * EVENT_ROW : 14)
  const plot = Math.max(1, lanes.length) * (Math.max(1, rows) * ROW_HEIGHT + LANE_GAP)
  const stripTop = top + plot + REQUESTS_GAP
  const bottom = requests.length > 0 ? stripTop + REQUESTS_HEIGHT : top + plot
  const time = (grid: number, named: boolean) => ({
    ...axisStyle,
    type: 'value',
    gridIndex: grid,
    min: 0,
    max: seconds,
    axisLabel: {
      ...axisStyle.axisLabel,
      show: named,
      showMaxLabel: false,
      formatter: (value: number) => measure(value),
      hideOverlap: true,
    },
    ...(named ? { name: charts.seconds, nameLocation: 'middle', nameGap: 30 } : {}),
  })
  const option = {
    legend: legend(legendNames),
    grid: [
      { left: LEFT, right: RIGHT, top, height: plot },
      ...(requests.length > 0 ? [{ left: LEFT, right: RIGHT, top: stripTop, height: REQUESTS_HEIGHT }] : []),
    ],
    xAxis: [time(0, requests.length === 0), ...(requests.length > 0 ? [time(1, true)] : [])],
    yAxis: [
      {
        ...axisStyle,
        type: 'category',
        data: lanes.length > 0 ? lanes : [''],
        inverse: true,
        axisTick: { show: false },
        axisLabel: { ...axisStyle.axisLabel, fontSize: 13, formatter: (lane: string) => label(lane, 13), interval: 0 },
        splitArea: { show: true, areaStyle: { color: ['#ffffff', '#f5f7f9'] } },
      },
      ...(requests.length > 0 ? [requestAxis(messages)] : []),
    ],
    series: [
      ...barNames.map((name, i) =>
        barSeries(
          labelOf.get(name) as string,
          bars.filter((bar) => bar.name === name),
          Math.max(1, rows),
          color(i),
        ),
      ),
      ...stateLegendSeries(messages),
      ...(events.length > 0 ? [eventSeries(events, eventRows)] : []),
      ...(requests.length > 0 ? requestSeries(requests, seconds, WIDTH - LEFT - RIGHT) : []),
    ],
  }
  const clock = (at: number): string => `${measure(Math.round(at * 10) / 10)} ${charts.second}`
  return {
    option,
    height: bottom + AXIS_HEIGHT,
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

/** Assigns each bar to the first row of its lane that is free at its start. */
function place({ bars, lanes }: { readonly bars: readonly DrawnBar[]; readonly lanes: readonly string[] }): {
  bars: readonly PlacedBar[]
  rows: number
} {
  const ends: number[][] = lanes.map(() => [])
  const valid = bars.filter(
    ({ lane, from, to }) => lanes.includes(lane) && Number.isFinite(from) && Number.isFinite(to) && to >= from,
  )
  const placed = valid
    .toSorted((a, b) => a.from - b.from)
    .slice(0, MAX_BARS)
    .map((bar): PlacedBar => {
      const laneAt = lanes.indexOf(bar.lane)
      const rows = ends[laneAt] as number[]
      const free = rows.findIndex((end) => end <= bar.from)
      const row = free === -1 ? rows.length : free
      rows[row] = bar.to
      return { ...bar, laneAt, row }
    })
  return { bars: placed, rows: Math.max(0, ...ends.map((rows) => rows.length)) }
}

/** States differ in more than colour: starting bars have a dashed outline, failed ones a cross and a thick edge. */
const barStyle = (state: State, hue: string): object =>
  ({
    running: { fill: hue, stroke: hue, lineWidth: 1 },
    starting: { fill: '#ffffff', stroke: hue, lineWidth: 1.5, lineDash: [4, 3] },
    failed: { fill: '#fdebe9', stroke: FAILED, lineWidth: 2.5 },
    assumed: { fill: '#e9edf1', stroke: hue, lineWidth: 1.5, lineDash: [2, 3] },
  })[state]

const barSeries = (name: string, bars: readonly PlacedBar[], rows: number, hue: string) => ({
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
    const { laneAt, from, to, row, state } = bars[dataIndex] as PlacedBar
    const [left, middle] = api.coord([from, laneAt])
    const [right] = api.coord([to, laneAt])
    const laneHeight = api.size([0, 1])[1]
    const height = (laneHeight - LANE_GAP) / rows
    const y = middle - laneHeight / 2 + LANE_GAP / 2 + row * height
    const width = Math.max(2, right - left)
    const text = state === 'failed' ? `✗ ${name}` : state === 'assumed' ? `? ${name}` : name
    return {
      type: 'group',
      children: [
        { type: 'rect', shape: { x: left, y: y + 1.5, width, height: height - 3, r: 3 }, style: barStyle(state, hue) },
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

/** Empty series that explain the outlines in the legend. */
const stateLegendSeries = ({ charts }: Messages) => [
  {
    type: 'custom',
    name: charts.starting,
    data: [],
    renderItem: () => undefined,
    itemStyle: { color: '#ffffff', borderColor: QUIET, borderWidth: 1.5, borderType: [4, 3] },
  },
  {
    type: 'custom',
    name: charts.failed,
    data: [],
    renderItem: () => undefined,
    itemStyle: { color: '#fdebe9', borderColor: FAILED, borderWidth: 2.5 },
  },
  {
    type: 'custom',
    name: charts.assumed,
    data: [],
    renderItem: () => undefined,
    itemStyle: { color: '#e9edf1', borderColor: QUIET, borderWidth: 1.5, borderType: [2, 3] },
  },
]

const eventSeries = (events: TimelineChart<string>['events'], rows: readonly number[]) => ({
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
        distance: 4 + (rows[i] ?? 0) * EVENT_ROW,
        formatter: () => String(i + 1),
        color: INK,
        fontFamily: FONT,
        fontSize: 12,
        fontWeight: 700,
      },
    })),
  },
})
