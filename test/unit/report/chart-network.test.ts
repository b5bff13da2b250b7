import t from 'tap'
import type { NetworkChart } from '../../../src/events/chart.ts'
import { drawChart, drawCompactChart } from '../../../src/report/chart.ts'
import { en } from '../../../src/report/messages/index.ts'
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

t.test('network without rows is a title', (t) => {
  t.match(drawChart({ ...chart, rows: [], links: [] }, 'n'), 'Network of the balancer')
  t.end()
})
