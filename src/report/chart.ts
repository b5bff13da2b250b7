import { CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, LegendPlainComponent, MarkLineComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { Chart } from '../run/chart.ts'
import { planLines } from './chart-lines.ts'
import { FONT, INK, label, MARGIN, NOTE_ROW, WIDTH, type Plan } from './chart-looks.ts'
import { notesHeight, planTimeline } from './chart-timeline.ts'
import { html, Markup } from './html.ts'
import { en, type Words } from './words/index.ts'

use([CustomChart, LineChart, ScatterChart, GridComponent, LegendPlainComponent, MarkLineComponent, SVGRenderer])

/**
 * Draws a chart as an SVG picture without scripts, animation or anything that is loaded; the same chart gives the same
 * text. It is a light card in light and in dark, as the terminal is a dark one in both: colours of the page would not
 * reach a picture that a README shows, and the series were chosen to be told apart on white.
 *
 * @param id - makes the ids in the picture those of no other in the page.
 * @throws what the library throws, where a chart cannot be drawn.
 */
export function drawChart(chart: Chart, id: string, words: Words = en): string {
  const plan = chart.kind === 'lines' ? planLines(chart, words) : planTimeline(chart, words)
  const height = plan.height + notesHeight(plan.notes)
  const title = label(chart.title, 100)
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

/** What the library can do beyond what its types tell: leave out the styles for a pointer that hovers. */
interface Painter {
  renderToString(options: { useViewBox: boolean; cssAnimation: boolean; cssEmphasis: boolean }): string
}

/** The plot as the library draws it, without its outermost element. */
function plot({ option, height }: Plan, id: string): string {
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
        // Texts have no bare quotes, so that these are attributes. The library numbers ids through all charts it ever
        // drew.
        .replace(/ ecmeta_\w+="[^"]*"/g, '')
        .replace(/((?: id="|url\(#))zr\d+-/g, `$1${id}-`)
        .trim()
    )
  } finally {
    chart.dispose()
  }
}
