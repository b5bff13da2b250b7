import { type Chart, messageText } from 'labbook'
import { type Figures, type LoadResult, plannedMessage, recentSeconds } from 'labbook/load'
import { drawChart, html, Markup, reportStyle, scrollable } from 'labbook/report'

/** One column: the page has no table of contents. */
const ONE_COLUMN = `body { display: block } body > header, main, body > footer { margin-inline: max(1rem, 50% - 36rem) }
.chart { margin-bottom: 1.25rem }`

/** The statistics, failures and charts of a load as a self-contained HTML page, as known from Locust. */
export const locustPage = (title: string, result: LoadResult): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title} - Labbook load test</title>
<style>${new Markup(reportStyle())}${new Markup(ONE_COLUMN)}</style>
</head>
<body>
${setup(title, result)}
<main>
${statistics(result)}
${failureTable(result)}
${charts(result)}
</main>
<footer>Measured and rendered by Labbook. Percentiles include successful responses and timeouts.</footer>
</body>
</html>
`.text

const fact = (
  name: string,
  value: string,
  wide = false,
): Markup => html`<div${wide && html` class="wide"`}><dt>${name}</dt><dd>${value}</dd></div>
`

function setup(title: string, { plan, start, seconds, ended, total, replicas }: LoadResult): Markup {
  const names = Object.keys(replicas).length
  return html`<header class="${total.failures === 0 ? 'passed' : 'failed'}">
<p class="kicker">Load test</p>
<h1>${title}</h1>
<dl>
${fact('Load', messageText(plannedMessage(plan)))}${fact('Duration', durationText(plan.warmup, seconds, ended))}${fact('Start of measurement', start)}
${fact('Targets', plan.targets.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(', '), true)}
${fact('Requests', plan.kinds.map(({ method, path, weight }) => `${method} ${path} (weight ${weight})`).join(', '), true)}
${names > 0 && fact('Replicas that responded', String(names))}</dl>
</header>`
}

const durationText = (warmup: number, seconds: number, ended: LoadResult['ended']): string =>
  `${seconds.toFixed(1)} s${warmup > 0 ? ` after ${warmup} s of warm-up` : ''}${ended === 'in time' ? '' : `; ended early: ${ended}`}`

/** The percentiles of the table. */
const SHOWN = ['50', '95', '99'] as const

const statistics = ({ kinds, total, seconds }: LoadResult): Markup => html`<section id="statistics">
<h2>Statistics</h2>
${scrollable(
  'Statistics',
  html`<table>
<thead><tr><th>Method</th><th>Name</th>${numberHeads(['Requests', 'Failures', 'Requests/s', 'Mean (ms)', ...SHOWN.map((p) => `p${p} (ms)`), 'Max (ms)', 'Mean size (bytes)'])}</tr></thead>
<tbody>
${[...kinds, total].map((figures) => statisticsRow(figures, seconds))}</tbody>
</table>`,
)}
</section>`

const numberHeads = (titles: readonly string[]): Markup[] => titles.map((title) => html`<th class="n">${title}</th>`)

const statisticsRow = (
  { method, name, requests, failures, latency, meanBytes }: Figures,
  seconds: number,
): Markup => html`<tr><td>${method}</td><th scope="row">${name}</th>${[
  String(requests),
  String(failures),
  (seconds > 0 ? requests / seconds : 0).toFixed(1),
  ...[latency.mean, ...SHOWN.map((p) => latency.percentiles[p] ?? 0), latency.max].map((ms) => ms.toFixed(1)),
  meanBytes.toFixed(0),
].map((cell) => html`<td class="n">${cell}</td>`)}</tr>
`

const failureTable = ({ failures }: LoadResult): Markup => html`<section id="failures">
<h2>Failures</h2>
${
  failures.length === 0
    ? html`<p>No request failed.</p>`
    : scrollable(
        'Failures',
        html`<table>
<thead><tr><th>Method</th><th>Name</th><th>Error</th>${numberHeads(['Occurrences', 'First (s)', 'Last (s)'])}</tr></thead>
<tbody>
${failures.map(
  ({ method, name, error, occurrences, first, last }) =>
    html`<tr><td>${method}</td><th scope="row">${name}</th><td>${error}</td><td class="n">${occurrences}</td><td class="n">${first.toFixed(1)}</td><td class="n">${last.toFixed(1)}</td></tr>
`,
)}</tbody>
</table>`,
      )
}
</section>`

const charts = (result: LoadResult): Markup => html`<section id="charts">
<h2>Charts</h2>
${[rateChart(result), responseTimeChart(result)].map((chart, place) => scrollable(chart.title, new Markup(drawChart(chart, `load-${place + 1}`)), 'screen'))}
</section>`

/** An incomplete last second is left out. */
const rateChart = ({ perSecond, seconds }: LoadResult): Chart<string> => {
  const complete = perSecond.filter(({ at }) => at + 1 <= seconds)
  return {
    kind: 'lines',
    title: 'Requests per second',
    x: { label: 'seconds' },
    y: { label: 'requests/s' },
    series: [
      {
        name: 'requests/s',
        drawn: 'line',
        points: complete.map(({ at, ok, failed }) => [at + 1, ok + failed] as const),
      },
      { name: 'failures/s', drawn: 'line', points: complete.map(({ at, failed }) => [at + 1, failed] as const) },
    ],
  }
}

const responseTimeChart = (result: LoadResult): Chart<string> => {
  const recent = recentSeconds(result)
  return {
    kind: 'lines',
    title: 'Response times over the last 10 s',
    x: { label: 'seconds' },
    y: { label: 'ms' },
    series: ['50', '95'].map((p) => ({
      name: `p${p}`,
      drawn: 'line' as const,
      points: recent.flatMap(({ end, percentiles }): [number, number][] =>
        percentiles === undefined ? [] : [[end, percentiles[p] ?? 0]],
      ),
    })),
  }
}
