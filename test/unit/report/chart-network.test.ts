import t from 'tap'
import type { NetworkChart } from '../../../src/events/chart.ts'
import { drawChart, drawCompactChart } from '../../../src/report/chart.ts'
import { en, withCatalogue } from '../../../src/report/messages/index.ts'
import { ru } from '../../../src/report/messages/ru.ts'
import { HOSTILE } from './rich-run.ts'

const chart: NetworkChart = {
  kind: 'network',
  title: 'Network of the balancer',
  rows: [
    { label: 'clients', boxes: [{ name: 'clients', lines: [] }] },
    {
      label: 'balancers',
      boxes: ['node1', 'node2', 'node3'].map((name, i) => ({ name, lines: [`10.0.0.${i + 1}:8090`] })),
    },
    { label: 'apps', boxes: [{ name: 'app1', lines: ['2 × node1', HOSTILE] }] },
  ],
  links: [
    { from: 'clients', to: 'node1' },
    { from: 'node1', to: 'app1', label: '/app1' },
    { from: 'node1', to: 'missing' },
  ],
}

const numbers = (svg: string, attribute: string): number[] =>
  [...svg.matchAll(new RegExp(`<rect[^>]* ${attribute}="([\\d.]+)"`, 'g'))].map(([, value]) => Number(value))

t.test('network shows rows, boxes, addresses and links; links to unknown boxes are left out', (t) => {
  const svg = drawChart(chart, 'n-1')
  for (const text of ['Network of the balancer', 'balancers', 'node3', '10.0.0.3:8090', '2 × node1', '/app1'])
    t.match(svg, `>${text}</text>`)
  t.equal(svg.match(/stroke-width="1.5" fill="none"/g)?.length, 2)
  t.match(svg, /<desc id="desc-n-1">clients: clients\. balancers: node1, 10\.0\.0\.1:8090; /)
  t.notMatch(svg, /<script|<img/)
  t.end()
})

t.test('boxes of a row do not overlap, and stay within the picture at both sizes', (t) => {
  for (const svg of [drawChart(chart, 'n'), drawCompactChart(chart, 'n', en)]) {
    const [frame = 0, ...widths] = numbers(svg, 'width')
    const [, ...xs] = numbers(svg, 'x')
    const right = xs.map((x, i) => x + (widths[i] ?? 0))
    t.ok(Math.max(...right) <= frame, `${right.join(' ')} within ${frame}`)
    t.ok((right[1] ?? 0) < (xs[2] ?? 0) && (right[2] ?? 0) < (xs[3] ?? 0), `${xs.join(' ')}; ${right.join(' ')}`)
  }
  t.end()
})

t.test('titles and lines of boxes are in the language of the report, also in the description, with the links', (t) => {
  const port = { id: 'port {port}', values: { port: 80 } }
  const svg = drawChart(
    {
      ...chart,
      rows: [
        { label: 'clients', boxes: [{ name: 'clients', lines: ['any node'] }] },
        { label: 'apps', boxes: [{ name: 'id', title: 'app', lines: [port] }] },
      ],
      links: [
        { from: 'clients', to: 'id', label: '/app' },
        { from: 'clients', to: 'missing' },
      ],
    },
    'n',
    withCatalogue(ru, {
      clients: 'клиенты',
      'any node': 'любой узел',
      app: 'приложение',
      'port {port}': 'порт {port}',
    }),
  )
  for (const text of ['любой узел', 'приложение', 'порт 80']) t.match(svg, `>${text}</text>`)
  t.match(svg, 'клиенты, любой узел.')
  t.match(svg, 'приложение, порт 80. клиенты → приложение (/app).</desc>')
  t.notMatch(svg, '>id<')
  t.end()
})

t.test('rows, boxes and lines that are not shown are counted', (t) => {
  const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`)
  const rows = many(10).map((row) => ({
    label: `row ${row}`,
    boxes: many(8).map((box) => ({ name: `${row}.${box}`, lines: many(7).map((line) => `line ${line}`) })),
  }))
  const svg = drawChart({ ...chart, rows, links: [] }, 'n')
  for (const text of ['Network of the balancer (+2)', 'row 0 (+2)', 'line 4', '(+2)']) t.match(svg, `>${text}</text>`)
  for (const text of ['row 8', '0.6', 'line 5']) t.notMatch(svg, `>${text}`)
  const exact = drawChart({ ...chart, rows: rows.slice(0, 8), links: [] }, 'n')
  t.match(exact, '>Network of the balancer</text>')
  t.end()
})

t.test('network without rows is a title', (t) => {
  t.match(drawChart({ ...chart, rows: [], links: [] }, 'n'), 'Network of the balancer')
  t.end()
})
