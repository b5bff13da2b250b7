import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { readPlan, type LoadResult } from '../../../../src/load/index.ts'
import { Tally } from '../../../../src/load/tally.ts'
import { locustData } from '../../../../playbooks/load/locust-files.ts'
import { locustPage } from '../../../../playbooks/load/locust-page.ts'

const kinds = [
  { method: 'GET' as const, path: '/?a=<script>alert(1)</script>&b="\'', weight: 3 },
  { method: 'POST' as const, path: '/api/items', weight: 1 },
]

function result(fill: (tally: Tally) => void, seconds = 20): LoadResult {
  const tally = new Tally(kinds, { from: 0, to: seconds * 1000 })
  fill(tally)
  return {
    plan: readPlan({
      way: 'users',
      users: 100,
      warmup: 3,
      seconds,
      targets: [
        { host: '10.0.0.1', port: 80 },
        { host: 'fd00::1', port: 80 },
      ],
      kinds,
    }),
    start: '2026-01-31T12:00:00.000Z',
    ended: 'in time',
    ...tally.figures(seconds * 1000),
    generator: { cores: 0.25, busy: 0.3, delay: { p50: 0, p99: 2, max: 3 } },
  }
}

const busy = result((tally) => {
  for (let at = 0; at < 20_000; at += 20)
    tally.add(at % 40 === 0 ? 0 : 1, at, 5 + (at % 100), { status: 200, bytes: 50 })
  for (let at = 5000; at < 6000; at += 100) tally.add(1, at, 5, { error: '</td><img src=x onerror=alert(1)>' })
})

/** Every element is closed, and attributes are quoted: strict XML, but for the doctype and empty elements. */
function parse(dir: string, page: string): string {
  const file = path.join(dir, 'page.xml')
  writeFileSync(file, page.replace('<!doctype html>', '').replace(/<meta ([^>]*)>/g, '<meta $1/>'))
  return execFileSync(
    'python3',
    [
      '-c',
      'import sys, xml.etree.ElementTree as x\nfor e in x.parse(sys.argv[1]).iter(): print(e.tag.split("}")[-1], *e.keys())',
      file,
    ],
    { encoding: 'utf8' },
  )
}

for (const [name, load] of [
  ['with failures', busy],
  ['without a request', result(() => undefined)],
  ['shorter than a second', result((tally) => tally.add(0, 100, 5, { status: 200, bytes: 1 }), 0.5)],
] as const) {
  t.test(`the page of a load ${name} is well-formed, self-contained and escapes everything`, async (t) => {
    const page = locustPage('Load <b>of</b> "app" & co', load)
    const elements = parse(t.testdir(), page)
    t.notMatch(elements, /^(script|img|iframe|link|object|b)\b/m)
    t.notMatch(elements, /\b(on\w+|href|src)\b/m)
    t.notMatch(page, /NaN|Infinity|undefined/)
    t.notMatch(page, /(url\(|@import)[^)]*https?:/)
    t.match(page, '<title>Load &lt;b&gt;of&lt;/b&gt; &quot;app&quot; &amp; co - Labbook load test</title>')
    t.match(page, '<meta name="color-scheme" content="light dark">')
    t.equal(page.match(/<svg [^>]*class="chart"/g)?.length, 2, 'two charts')
  })
}

t.test('the page has set-up, statistics of each kind, failures and charts', async (t) => {
  const text = locustPage('Load', busy)
    .replace(/<svg.*?<\/svg>/gs, (svg) => [...svg.matchAll(/<title[^>]*>([^<]*)/g)].map(([, title]) => title).join(' '))
    .replace(/<style>.*<\/style>/s, '')
    .replace(/<[^>]*>/g, '|')
    .replace(/\|[|\s]*/g, '|')
  for (const expected of [
    '|Load|100 users, think time 0.5 to 2 s|',
    '|Duration|20.0 s after 3 s of warm-up|',
    '|Targets|10.0.0.1:80, [fd00::1]:80|',
    '|POST|/api/items|510|10|25.5|',
    '|Aggregated|1010|10|50.5|',
    '|POST|/api/items|&lt;/td&gt;&lt;img src=x onerror=alert(1)&gt;|10|5.0|5.9|',
    '|Charts|Requests per second',
    '|Response times over the last 10 s',
  ])
    t.match(text, expected)
  t.match(
    locustPage(
      'Load',
      result(() => undefined),
    ),
    'No request failed.',
  )
})

t.test('locustData() has the files of Locust and the page', async (t) => {
  const files = await locustData('users-100', busy, '100 users')
  t.strictSame(
    files.map(({ name }) => name),
    ['users-100_stats.csv', 'users-100_stats_history.csv', 'users-100_failures.csv', 'users-100.html'],
  )
  t.match(files.at(-1)?.text, '<h1>100 users</h1>')
  const size = files.reduce((sum, { text }) => sum + text.length, 0)
  t.ok(size < 100_000, `${size} characters`)
})
