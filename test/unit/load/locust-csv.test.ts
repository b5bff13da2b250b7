import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { locustFiles, readLocustHistory, readLocustStats, Refusal } from '../../../src/load/index.ts'
import { readPlan } from '../../../src/load/plan.ts'
import { Tally } from '../../../src/load/tally.ts'

const fixture = (name: string): string => readFileSync(new URL(`fixtures/locust/${name}`, import.meta.url), 'utf8')

const refusal = (t: Test, read: () => unknown, expected: string | RegExp, name: string): void => {
  try {
    read()
    t.fail(`${name}: not refused`)
  } catch (error) {
    t.ok(error instanceof Refusal, `${name}: ${String(error)}`)
    t.match((error as Error).message, expected, name)
  }
}

t.test('readLocustStats() reads files of Locust 2 and 1', async (t) => {
  const { kinds, total } = readLocustStats('a', fixture('server-limited/replicas4_stats.csv'))
  t.strictSame(
    kinds.map(({ method, name }) => `${method} ${name}`),
    ['GET /', 'GET /api/counter', 'POST /api/counter/increment'],
  )
  t.equal(
    kinds.reduce((sum, { requests }) => sum + requests, 0),
    total.requests,
  )
  t.match(total, { method: '', name: 'Aggregated', failures: 0, percentiles: { 50: 200, 99.9: Number } })
  t.match(readLocustStats('b', fixture('other/locust1_stats.csv')), {
    kinds: [{ method: 'GET', name: '/' }, { name: '/health' }],
    total: { requests: 2730, mean: 13, max: 240, requestsPerSecond: 45.5, percentiles: { 50: 12, 99.999: 240 } },
  })
})

t.test('a byte order mark is ignored', async (t) => {
  const text = fixture('server-limited/replicas4_stats.csv')
  t.strictSame(readLocustStats('a', `\ufeff${text}`), readLocustStats('a', text))
})

t.test('readLocustHistory() reads files of Locust 2 and 1', async (t) => {
  const history = readLocustHistory('a', fixture('server-limited/replicas4_stats_history.csv'))
  t.match(history[0], { users: 0, requests: 0, failures: 0, mean: 0 })
  t.equal(history.at(-1)?.users, 60)
  t.equal(history.at(-1)?.requests, readLocustStats('a', fixture('server-limited/replicas4_stats.csv')).total.requests)
  t.strictSame(readLocustHistory('b', fixture('other/locust1_stats_history.csv')).at(-1), {
    time: 1_590_000_060,
    users: 60,
    requests: 2712,
    failures: 0,
    mean: 13,
  })
})

t.test('a history with all kinds of requests is that of the aggregate', async (t) => {
  const [head, ...rows] = fixture('server-limited/replicas1_stats_history.csv').trimEnd().split('\r\n')
  const full = rows.flatMap((row) => [row.replace(',,Aggregated,', ',GET,/,'), row])
  t.strictSame(
    readLocustHistory('full', [head, ...full].join('\r\n')),
    readLocustHistory('a', fixture('server-limited/replicas1_stats_history.csv')),
  )
})

t.test('files that Labbook writes are read', async (t) => {
  const kinds = [{ method: 'GET' as const, path: '/a,"b"', weight: 1 }]
  const tally = new Tally(kinds, { from: 0, to: 3000 })
  for (let at = 0; at < 3000; at += 10) tally.add(0, at, 12, { status: at % 1000 === 0 ? 503 : 200, bytes: 5 })
  const [stats = '', history = ''] = locustFiles('x', {
    plan: readPlan({ way: 'users', users: 7, seconds: 3, targets: [{ host: 'a', port: 80 }], kinds }),
    start: '2026-01-31T12:00:00.000Z',
    ended: 'in time',
    ...tally.figures(3000),
    generator: { cores: 0, busy: 0, delay: { p50: 0, p99: 0, max: 0 } },
  }).map(({ text }) => text)
  t.match(readLocustStats('x', stats), {
    kinds: [{ name: '/a,"b"', requests: 300, failures: 3 }],
    total: { requests: 300, failures: 3, max: 12, requestsPerSecond: 100, percentiles: { 50: 12 } },
  })
  t.match(
    readLocustHistory('x', history).map(({ users, requests, failures }) => ({ users, requests, failures })),
    [
      { users: 7, requests: 100, failures: 1 },
      { users: 7, requests: 200, failures: 2 },
      { users: 7, requests: 300, failures: 3 },
    ],
  )
})

t.test('other and incomplete files are refused, with file, line and what is expected', async (t) => {
  const complete = fixture('server-limited/replicas1_stats.csv')
  for (const [name, text, expected] of [
    ['empty', '', 'x.csv: the file is empty; expected a _stats.csv of Locust'],
    ['header only', fixture('other/header_stats.csv'), /^x\.csv:1: no rows below the header: the file is truncated/],
    ['without aggregate', fixture('other/truncated_stats.csv'), /^x\.csv:2: the last row must be "Aggregated"/],
    ['cut in a line', fixture('other/cut_stats.csv'), /^x\.csv:4: 20 cells, but 22 columns: the line is truncated/],
    [
      'spreadsheet',
      fixture('other/spreadsheet_stats.csv'),
      /^x\.csv:1: the columns are separated by ";", as spreadsheets/,
    ],
    [
      'history',
      fixture('server-limited/replicas1_stats_history.csv'),
      /^x\.csv:1: this is a history .* specify the _stats\.csv/,
    ],
    ['failures', 'Method,Name,Error,Occurrences\r\n', /^x\.csv:1: these are failures .* expected a _stats\.csv/],
    ['Locust 0.14', '"Type","Name","# requests","# failures"\n', /^x\.csv:1: this is from a Locust older than 1\.0/],
    ['other CSV', 'a,b\n1,2\n', /^x\.csv:1: not a _stats\.csv of Locust: no column "Type", "Name", /],
    ['JSON', '{\n  "a": 1\n}\n', /^x\.csv:2: not valid CSV: .* expected a _stats\.csv of Locust/],
    [
      'words',
      complete.replace(/,1543,|,\d+,0,/, ',many,0,'),
      /^x\.csv:2: "Request Count" must be a number, not "many"/,
    ],
    ['negative', complete.replace(/,\d+,0,/, ',-1,0,'), /^x\.csv:2: "Request Count" must be a number, not "-1"/],
  ] as const)
    refusal(t, () => readLocustStats('x.csv', text), expected, name)

  const history = fixture('server-limited/replicas1_stats_history.csv')
  for (const [name, text, expected] of [
    ['statistics', complete, /^x\.csv:1: not a _stats_history\.csv of Locust: no column "Timestamp"/],
    ['cut in a line', history.slice(0, -50), /^x\.csv:\d+: \d+ cells, but 24 columns/],
    ['two tests', history + history.split('\r\n').slice(1).join('\r\n'), /^x\.csv:\d+: the time goes backwards/],
  ] as const)
    refusal(t, () => readLocustHistory('x.csv', text), expected, name)
})
