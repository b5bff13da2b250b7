import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { numberRows, splitLostBars } from '../../../src/report/timeline-events.ts'
import t, { type Test } from 'tap'
import { drawChart } from '../../../src/report/chart.ts'
import { ru } from '../../../src/report/messages/ru.ts'
import type { Chart, LinesChart, TimelineChart } from '../../../src/events/chart.ts'
import { capacity, placement } from './rich-run.ts'

/** Python's XML parser is strict, and installed on every Debian. */
function parses(t: Test, svg: string): void {
  const file = join(t.testdir(), 'chart.svg')
  writeFileSync(file, svg)
  execFileSync('python3', ['-c', 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])', file])
}

const tags = (svg: string): string => svg.replace(/>[^<]*</g, '><')

const texts = (svg: string): string[] => [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? '')

for (const chart of [capacity, placement] as Chart<string>[]) {
  await t.test(
    `${chart.kind} chart is well-formed, has alternative text, and no scripts, styles or external references`,
    async (t) => {
      const svg = drawChart(chart, 'c-1')
      parses(t, svg)
      t.match(svg, /^<svg [^>]*role="img" aria-labelledby="title-c-1 desc-c-1"/)
      t.match(svg, new RegExp(`<title id="title-c-1">${chart.title}</title><desc id="desc-c-1">[^<]{40,}</desc>`))
      t.notMatch(svg, /<(script|style|image|a|foreignObject|animate)\b/i)
      t.notMatch(tags(svg), / (on\w+|href|xlink:href|class="zr|ecmeta_\w+)=/)
      t.notMatch(svg, /NaN|Infinity|undefined/)
    },
  )

  await t.test(`${chart.kind} chart escapes names from hosts`, async (t) => {
    const svg = drawChart(chart, 'c-1')
    t.match(svg, '&lt;script&gt;alert(1)')
    t.notMatch(svg, /[\x00-\x08\x0b-\x1f\u202e]/)
    t.notMatch(svg, '[31m')
  })

  await t.test(`${chart.kind} chart is deterministic and has unique ids`, async (t) => {
    const first = drawChart(chart, 'c-1')
    t.equal(drawChart(chart, 'c-1'), first)
    const ids = (svg: string) => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => String(id))
    t.equal(new Set(ids(first)).size, ids(first).length)
    const other = ids(drawChart(chart, 'c-2'))
    t.strictSame(
      ids(first).filter((id) => other.includes(id)),
      [],
    )
    for (const [, id] of first.matchAll(/url\(#([^)]+)\)/g)) t.ok(ids(first).includes(String(id)), `${id}`)
  })
}

await t.test('line chart shows names, axes, marks and a band; a logarithmic axis omits values of 0', async (t) => {
  const svg = drawChart(capacity, 'c')
  const shown = texts(svg)
  for (const text of [
    'Throughput against load',
    '1 replica',
    '4 replicas',
    'fit',
    'single trials',
    'connections',
    'requests/s',
    'limit of the generator',
    '1',
    '2',
    '4',
    '8',
  ]) {
    t.ok(shown.includes(text), text)
  }
  t.equal(svg.match(/<polygon /g)?.length, 2)
  t.match(svg, 'single trials: 2 values from 280 to 295.')
})

await t.test('series differ in more than colour', async (t) => {
  const lines = [...drawChart(capacity, 'c').matchAll(/<(?:path|polyline) [^>]*stroke-width="2.5"[^>]*>/g)].map(
    ([line]) => /stroke-dasharray="([^"]*)"/.exec(line)?.[1] ?? 'solid',
  )
  t.ok(new Set(lines).size >= 4, lines.join(' | '))
})

await t.test('timeline shows lanes, tasks, numbered events, and requests up and down', async (t) => {
  const svg = drawChart(placement, 'p')
  const shown = texts(svg)
  for (const text of [
    'node1',
    'node2',
    'counter.1',
    'counter.2',
    '✗ counter.3',
    'starting',
    'failed',
    '1',
    '2',
    'answered ↑  failed ↓',
  ])
    t.ok(shown.includes(text), text)
  t.ok(shown.includes('1   20 s   node2 is killed'))
  t.match(svg, '592 requests answered, 24 failed.')
})

await t.test('overlapping bars of a lane are in different rows', async (t) => {
  const svg = drawChart(
    {
      ...placement,
      lanes: ['n'],
      events: [],
      requests: [],
      bars: [
        { lane: 'n', name: 'a', from: 0, to: 30, state: 'running' },
        { lane: 'n', name: 'b', from: 10, to: 40, state: 'running' },
        { lane: 'n', name: 'c', from: 30, to: 60, state: 'running' },
      ],
    },
    'p',
  )
  // The legend is drawn after the bars.
  const rows = ['a', 'b', 'c'].map((name) => new RegExp(`<text [^>]*>${name}</text>`).exec(svg)?.[0] ?? '')
  const at = (text: string) => /translate\([\d.]+ ([\d.]+)\)/.exec(text)?.[1] ?? / y="([\d.]+)"/.exec(text)?.[1]
  const [a, b, c] = rows.map(at)
  t.ok(a !== undefined && b !== undefined && a !== b, rows.join(' '))
  t.equal(a, c)
})

await t.test('empty charts are drawn, and values that are not finite are omitted', async (t) => {
  const emptyLines: LinesChart = {
    kind: 'lines',
    title: 'x',
    x: { label: '' },
    y: { label: '', scale: 'log' },
    series: [],
  }
  const emptyTimeline: TimelineChart = { kind: 'timeline', title: 'x', seconds: 0, lanes: [], bars: [], events: [] }
  const notFinite = JSON.parse(
    JSON.stringify({
      ...capacity,
      series: [
        {
          name: 'a',
          points: [
            [1, Number.NaN],
            [2, 3],
          ],
        },
        { name: '', points: [] },
      ],
    }),
  ) as LinesChart
  const unknownLane = {
    ...placement,
    bars: [{ lane: 'nowhere', name: 'a', from: 0, to: 1, state: 'running' as const }],
    lanes: ['n', 'n'],
  }
  for (const chart of [emptyLines, emptyTimeline, notFinite, unknownLane]) {
    const svg = drawChart(chart, 'e')
    parses(t, svg)
    t.notMatch(svg, /NaN|Infinity|undefined/, JSON.stringify(chart).slice(0, 80))
  }
  t.match(drawChart(emptyLines, 'e'), 'No data')
})

await t.test('Russian chart translates fixed texts, but not names', async (t) => {
  const shown = texts(drawChart(placement, 'p', ru))
  for (const text of ['запускается', 'секунды от начала', 'counter.1', '2   36,4 с'])
    t.ok(
      shown.some((each) => each.startsWith(text)),
      text,
    )
})

await t.test('bars of a lost node: ran, then assumed until Down, then failed', (t) => {
  const bar = { lane: 'node3', name: 'web.1', from: 0, to: 30, state: 'failed' } as const
  const events = [
    { at: 3, label: 'node3 loses power' },
    { at: 15, label: { id: '{node} Down', values: { node: 'node3' } } },
    { at: 28, label: 'node3 Ready' },
  ]
  t.strictSame(
    splitLostBars({ bars: [bar, { ...bar, lane: 'node1' }], events }).map(({ from, to, state }) => [from, to, state]),
    [
      [0, 3, 'running'],
      [3, 15, 'assumed'],
      [15, 30, 'failed'],
      [0, 30, 'failed'],
    ],
  )
  t.end()
})

await t.test('numbers of events that would overlap are in different rows', (t) => {
  const events = [0, 1, 1.5, 10].map((at) => ({ at, label: '' }))
  t.strictSame(numberRows(events, 10), [0, 1, 2, 0])
  t.end()
})
