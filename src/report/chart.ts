import { CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, LegendPlainComponent, MarkLineComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { Chart } from '../events/chart.ts'
import { lineChartLayout } from './chart-lines.ts'
import { FONT, INK, label, MARGIN, NOTE_ROW, notesHeight, WIDTH, type ChartLayout } from './chart-style.ts'
import { timelineLayout } from './chart-timeline.ts'
import { html, Markup } from './html.ts'
import { en, type Messages } from './messages/index.ts'
import { textIn, translatedLines } from './translate.ts'

use([CustomChart, LineChart, ScatterChart, GridComponent, LegendPlainComponent, MarkLineComponent, SVGRenderer])

/**
 * Draws a chart as a self-contained SVG without scripts or animation. The output is deterministic. Charts are always
 * light, since page colours do not reach an image in a README and the series colours are chosen for white.
 *
 * @param id - prefix that makes the ids in the SVG unique in the page.
 * @throws if ECharts cannot draw the chart.
 */
export function drawChart(chart: Chart, id: string, messages: Messages = en): string {
  const plan =
    chart.kind === 'lines'
      ? lineChartLayout(translatedLines(chart, messages), messages)
      : timelineLayout(chart, messages)
  const height = plan.height + notesHeight(plan.notes)
  const title = label(textIn(chart.title, messages), 100)
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title-${id} desc-${id}" font-family="${FONT}"><title id="title-${id}">${title}</title><desc id="desc-${id}">${plan.description}</desc>
<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="9" fill="#ffffff" stroke="#c9d1da"/>
<text x="${MARGIN}" y="30" font-size="16" font-weight="600" fill="${INK}">${title}</text>
${new Markup(plot(plan, id))}
${plan.notes.map(
  (
    note,
    i,
  ) => html`<text x="${MARGIN}" y="${plan.height + MARGIN / 2 + i * NOTE_ROW}" font-size="13" fill="${INK}" xml:space="preserve">${note}</text>
`,
)}</svg>
`.text
}

/** Options that the library's types lack: they omit hover styles. */
interface Painter {
  renderToString(options: { useViewBox: boolean; cssAnimation: boolean; cssEmphasis: boolean }): string
}

/** The plot, without ECharts' outermost element. */
function plot({ option, height }: ChartLayout, id: string): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  try {
    chart.setOption({
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: FONT, color: INK },
      ...option,
    })
    const painter = chart.getZr().painter as unknown as Painter
    const svg = painter.renderToString({ useViewBox: true, cssAnimation: false, cssEmphasis: false })
    return (
      svg
        .slice(svg.indexOf('>') + 1, svg.lastIndexOf('</svg>'))
        // Quotes in text are escaped, so these match attributes only. ECharts numbers ids across all charts.
        .replace(/ ecmeta_\w+="[^"]*"/g, '')
        .replace(/((?: id="|url\(#))zr\d+-/g, `$1${id}-`)
        .trim()
    )
  } finally {
    chart.dispose()
  }
}
