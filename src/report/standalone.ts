/** What playbooks make self-contained pages with, in the style of the report. Loads the chart library. */
export { drawChart } from './chart.ts'
export { html, Markup } from './html.ts'
export { scrollable } from './page-components.ts'
export { reportStyle } from './style.ts'
