import type { EChartsCoreOption } from 'echarts/core'
import { dropUnprintable } from './unprintable.ts'

/** A chart ready to be rendered by ECharts. */
export interface ChartLayout {
  readonly option: EChartsCoreOption
  readonly height: number
  /** Alternative text for screen readers. */
  readonly description: string
  /** Lines of text below the plot. */
  readonly notes: readonly string[]
}

/** Size of a chart in pixels; text has the same size in all. */
export interface ChartSize {
  readonly width: number
  /** Height of the plot of a line chart. */
  readonly plotHeight: number
  /** Heights in a timeline: of a bar, and of the requests. */
  readonly barHeight: number
  readonly requestsHeight: number
  /** Columns of the notes below the plot. */
  readonly noteColumns: number
}

/** For the evidence, and for pages as wide as a screen. */
export const FULL_SIZE: ChartSize = {
  width: 960,
  plotHeight: 330,
  barHeight: 20,
  requestsHeight: 100,
  noteColumns: 1,
}
/** For half a page: its text stays readable on paper. */
export const COMPACT_SIZE: ChartSize = {
  width: 640,
  plotHeight: 220,
  barHeight: 16,
  requestsHeight: 60,
  noteColumns: 2,
}

export const MARGIN = 20
export const TITLE = 44
export const LEGEND_ROW = 24
export const NOTE_ROW = 18

export const INK = '#1c232d'
export const QUIET = '#56616f'
export const GRID = '#e1e6eb'
export const FAILED = '#b3261e'
/** Without quotes: ECharts does not escape it in attributes. */
export const FONT = 'system-ui, Segoe UI, Roboto, Noto Sans, DejaVu Sans, sans-serif'

/** Readable on white and distinct for colour-blind readers; dashes and symbols differ too. */
const COLORS = ['#0072b2', '#c44e00', '#00795c', '#a53e8c', '#806000', '#332288', '#7a1f3d', '#4d5866'] as const
const DASHES = ['solid', [8, 4], [2, 3], [10, 3, 2, 3], [14, 5], [5, 2], [1, 4], [12, 3, 4, 3]] as const
const SYMBOLS = [
  'circle',
  'rect',
  'triangle',
  'diamond',
  'emptyCircle',
  'emptyRect',
  'emptyTriangle',
  'emptyDiamond',
] as const

export const color = (i: number): string => COLORS[i % COLORS.length] as string
export const dash = (i: number): 'solid' | number[] => {
  const chosen = DASHES[i % DASHES.length] as 'solid' | readonly number[]
  return chosen === 'solid' ? chosen : [...chosen]
}
export const symbol = (i: number): string => SYMBOLS[i % SYMBOLS.length] as string

const MAX_LABEL = 70
/** ECharts estimates the width of legend names, badly for longer ones. */
const MAX_NAME = 40

/** Text from a run as a label: one line, printable, truncated. */
export function label(text: string, maxLength = MAX_LABEL): string {
  const line = dropUnprintable(text).replace(/\s+/g, ' ').trim()
  const characters = Array.from(line)
  return characters.length <= maxLength ? line : `${characters.slice(0, maxLength - 1).join('')}…`
}

/** Unique labels: ECharts identifies legend entries by name. */
export function labels(texts: readonly string[]): string[] {
  const used = new Set<string>()
  return texts.map((text) => {
    const base = label(text, MAX_NAME) || '?'
    let name = base
    for (let n = 2; used.has(name); n++) name = `${base} (${n})`
    used.add(name)
    return name
  })
}

/** Number of rows of a legend, with widths estimated generously. */
export function legendRows(names: readonly string[], width: number): number {
  let rows = names.length > 0 ? 1 : 0
  let at = 0
  for (const name of names) {
    const entryWidth = 62 + name.length * 7.2
    if (at > 0 && at + entryWidth > width - 2 * MARGIN) {
      rows += 1
      at = 0
    }
    at += entryWidth
  }
  return rows
}

export const legend = (names: readonly string[]): EChartsCoreOption => ({
  show: names.length > 0,
  type: 'plain',
  orient: 'horizontal',
  data: [...names],
  left: MARGIN - 5,
  top: TITLE,
  right: MARGIN,
  padding: 5,
  itemGap: 14,
  itemWidth: 34,
  itemHeight: 11,
  selectedMode: false,
  textStyle: { color: INK, fontFamily: FONT, fontSize: 13 },
})

/** Style of all axes. */
export const axisStyle = {
  axisLine: { show: true, lineStyle: { color: QUIET } },
  axisTick: { show: true, lineStyle: { color: QUIET } },
  axisLabel: { color: INK, fontFamily: FONT, fontSize: 12 },
  nameTextStyle: { color: INK, fontFamily: FONT, fontSize: 13 },
  splitLine: { show: true, lineStyle: { color: GRID } },
} as const

/** Height of the notes, including their distance from the plot. */
export const notesHeight = (notes: readonly string[], { noteColumns }: ChartSize): number =>
  notes.length === 0 ? 0 : Math.ceil(notes.length / noteColumns) * NOTE_ROW + MARGIN
