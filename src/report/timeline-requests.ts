import type { TimelineChart } from '../events/chart.ts'
import { axisStyle, FAILED } from './chart-style.ts'
import type { Messages } from './messages/index.ts'

/** What ECharts passes to `renderItem` of a custom series. */
export interface RenderParams {
  readonly dataIndex: number
}
export interface RenderApi {
  coord(point: readonly number[]): [number, number]
  size(extent: readonly number[]): [number, number]
}

/** The axis of answered requests above, and failed ones below. */
export const requestAxis = ({ charts, number }: Messages) => ({
  ...axisStyle,
  type: 'value',
  gridIndex: 1,
  // On two lines, as the plot is not high.
  name: charts.failedBelow.replace(/↑\s+/, '↑\n'),
  nameLocation: 'middle',
  nameGap: 54,
  splitNumber: 3,
  nameTextStyle: { ...axisStyle.nameTextStyle, fontSize: 11 },
  axisLabel: { ...axisStyle.axisLabel, formatter: (value: number) => number(Math.abs(value)), hideOverlap: true },
  minInterval: 1,
})

/** Bars of answered and failed requests per second. */
export function requestSeries(requests: NonNullable<TimelineChart['requests']>, seconds: number, plotWidth: number) {
  const width = Math.max(1, plotWidth / seconds - 0.5)
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
