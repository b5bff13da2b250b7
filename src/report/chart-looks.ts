import type { EChartsCoreOption } from 'echarts/core'
import { dropUnprintable } from './unprintable.ts'

/** What a kind of chart hands to the drawing. */
export interface Plan {
  readonly option: EChartsCoreOption
  readonly height: number
  /** In a sentence or two, for those who do not see it. */
  readonly description: string
  /** Lines of text below the plot. */
  readonly notes: readonly string[]
}

export const WIDTH = 960
export const MARGIN = 20
export const TITLE = 44
export const LEGEND_ROW = 24
export const NOTE_ROW = 18

export const INK = '#1c232d'
export const QUIET = '#56616f'
export const GRID = '#e1e6eb'
export const FAILED = '#b3261e'
/** Without quotes: the library puts it into an attribute as it is. */
export const FONT = 'system-ui, Segoe UI, Roboto, Noto Sans, DejaVu Sans, sans-serif'

/** Dark enough to be read on white, and told apart by people who do not see red or green; the shapes differ as well. */
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

const LONGEST = 70
/** In a legend the library guesses how wide a name is: of a longer one it guesses wrong. */
const LONGEST_NAME = 40

/** Text from a run made fit for a label: one line, nothing but what shows, and not too long. */
export function label(text: string, longest = LONGEST): string {
  const line = dropUnprintable(String(text)).replace(/\s+/g, ' ').trim()
  const characters = [...line]
  return characters.length <= longest ? line : `${characters.slice(0, longest - 1).join('')}…`
}

/** Labels that differ from one another, as the legend needs them. */
export function labels(texts: readonly string[]): string[] {
  const used = new Set<string>()
  return texts.map((text) => {
    const base = label(text, LONGEST_NAME) || '?'
    let name = base
    for (let n = 2; used.has(name); n++) name = `${base} (${n})`
    used.add(name)
    return name
  })
}

/** How many rows a legend of these names takes. Widths are guessed on the safe side. */
export function legendRows(names: readonly string[]): number {
  let rows = names.length > 0 ? 1 : 0
  let at = 0
  for (const name of names) {
    const width = 62 + name.length * 7.2
    if (at > 0 && at + width > WIDTH - 2 * MARGIN) {
      rows += 1
      at = 0
    }
    at += width
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

/** What all axes look like. */
export const axisLooks = {
  axisLine: { show: true, lineStyle: { color: QUIET } },
  axisTick: { show: true, lineStyle: { color: QUIET } },
  axisLabel: { color: INK, fontFamily: FONT, fontSize: 12 },
  nameTextStyle: { color: INK, fontFamily: FONT, fontSize: 13 },
  splitLine: { show: true, lineStyle: { color: GRID } },
} as const
