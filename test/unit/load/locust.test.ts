import fc from 'fast-check'
import t from 'tap'
import { locustFiles, recentSeconds, type LoadResult } from '../../../src/load/index.ts'
import { addLatencies, percentilesOf, roundedLatency, SecondCounts } from '../../../src/load/per-second.ts'
import { readPlan } from '../../../src/load/plan.ts'
import { Tally } from '../../../src/load/tally.ts'

const kinds = [
  { method: 'POST' as const, path: '/say,"hi"', weight: 1 },
  { method: 'GET' as const, path: '/', weight: 1 },
  { method: 'GET' as const, path: '/unused', weight: 1 },
]

/** Two and a half seconds; all times in milliseconds since the start. */
function result(fill: (add: Tally['add']) => void, seconds = 2.5): LoadResult {
  const tally = new Tally(kinds, { from: 0, to: seconds * 1000 })
  fill((kind, at, ms, outcome) => {
    tally.add(kind, at, ms, outcome)
  })
  return {
    plan: readPlan({ way: 'users', users: 100, seconds, targets: [{ host: 'a', port: 80 }], kinds }),
    start: '2026-01-31T12:00:00.250Z',
    ended: 'in time',
    ...tally.figures(seconds * 1000),
    generator: { cores: 0.25, busy: 0.3, delay: { p50: 0, p99: 2, max: 3 } },
  }
}

const ok = { status: 200, bytes: 50 }

const sample = (): LoadResult =>
  result((add) => {
    for (let ms = 1; ms <= 100; ms++) add(1, ms * 10, ms, ok)
    add(1, 1200, 1234.5, ok)
    add(1, 1300, 3, { status: 503, bytes: 10 })
    add(0, 1400, 7, { error: 'ECONNRESET' })
    add(0, 2400, 9, { error: 'ECONNRESET' })
    add(0, 2300, 147, { status: 404, bytes: 20 })
  })

t.test('locustFiles() writes the files of Locust, byte for byte', async (t) => {
  const files = locustFiles('run', sample())
  t.strictSame(
    files.map(({ name }) => name),
    ['run_stats.csv', 'run_stats_history.csv', 'run_failures.csv'],
  )
  const [stats = '', history = '', failures = ''] = files.map(({ text }) => text)
  t.strictSame(
    stats.split('\r\n'),
    [
      'Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%',
      'GET,/,102,1,51,62.226,1.0,1234.5,49.6078431372549,40.8,0.4,51,67,76,81,91,96,99,100,1200,1200,1200',
      'POST,"/say,""hi""",3,3,0,0.0,0,0,6.666666666666667,1.2,1.2,0,0,0,0,0,0,0,0,0,0,0',
      'GET,/unused,0,0,0,0.0,0,0,0.0,0.0,0.0,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A',
      ',Aggregated,105,4,51,62.226,1.0,1234.5,48.38095238095238,42.0,1.6,51,67,76,81,91,96,99,100,1200,1200,1200',
      '',
    ],
    'stats',
  )
  t.strictSame(
    history.split('\r\n'),
    [
      'Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,Total Min Response Time,Total Max Response Time,Total Average Content Size',
      '1769860801,100,,Aggregated,99.000000,0.000000,50,66,75,80,90,95,98,99,99,99,99,99,0,50,50.0,1.0,99.0,50.0',
      '1769860802,100,,Aggregated,51.500000,1.000000,51,67,76,81,91,96,99,100,1200,1200,1200,103,2,51,62.222772277227726,1.0,1234.5,49.12621359223301',
      '1769860802,100,,Aggregated,42.000000,1.600000,51,67,76,81,91,96,99,100,1200,1200,1200,105,4,51,62.222772277227726,1.0,1234.5,48.38095238095238',
      '',
    ],
    'history',
  )
  t.strictSame(
    failures.split('\r\n'),
    [
      'Method,Name,Error,Occurrences,First Seen,Last Seen',
      'GET,/,HTTP 503 Service Unavailable,1,2026-01-31T12:00:01Z,2026-01-31T12:00:01Z',
      'POST,"/say,""hi""",ECONNRESET,2,2026-01-31T12:00:01Z,2026-01-31T12:00:02Z',
      'POST,"/say,""hi""",HTTP 404 Not Found,1,2026-01-31T12:00:02Z,2026-01-31T12:00:02Z',
      '',
    ],
    'failures',
  )
})

t.test('a load without a request has files, and no NaN', async (t) => {
  for (const { name, text } of locustFiles(
    'idle',
    result(() => undefined),
  ))
    t.notMatch(text, /NaN|Infinity|undefined/, name)
  for (const { name, text } of locustFiles(
    'failed',
    result((add) => {
      add(0, 1, 1, { error: 'ECONNREFUSED' })
    }),
  ))
    t.notMatch(text, /NaN|Infinity|undefined/, name)
})

t.test('the median is within minimum and maximum, which are not rounded', async (t) => {
  const medianOf = (...latencies: number[]): string | undefined =>
    locustFiles(
      'one',
      result((add) => {
        for (const ms of latencies) add(1, 1, ms, ok)
      }),
    )[0]
      ?.text.split('\r\n')[1]
      ?.split(',')[4]
  t.equal(medianOf(147.2), '147.2')
  t.equal(medianOf(142.5), '142.5')
  t.equal(medianOf(147.2, 147.2, 200), '150')
})

t.test('roundedLatency() has two significant digits', async (t) => {
  t.strictSame(
    [0.4, 1.6, 99.4, 99.6, 147, 994, 997, 3432, 9960, 58760, 123456].map(roundedLatency),
    [0, 2, 99, 100, 150, 990, 1000, 3400, 10000, 59000, 123000],
  )
})

const times = fc.array(fc.record({ at: fc.nat(24_999), ms: fc.double({ min: 0.001, max: 70_000, noNaN: true }) }), {
  maxLength: 300,
})

t.test('current rates and percentiles are those of the last ten seconds', async () => {
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 25_000 }), (all, length) => {
      const load = result((add) => {
        for (const { at, ms } of all) add(1, at, ms, ok)
      }, length / 1000)
      // 16167 / 1000 * 1000 is more than 16167.
      const within = all.filter(({ at }) => at < load.seconds * 1000)
      for (const { end, requestsPerSecond, percentiles, total } of recentSeconds(load)) {
        const from = Math.max(0, Math.ceil(end) - 10)
        const recent = within.filter(({ at }) => at >= from * 1000 && at < Math.ceil(end) * 1000)
        const sorted = recent
          .map(({ ms }) => roundedLatency(Math.max(1, Math.round(ms * 1000)) / 1000))
          .sort((a, b) => a - b)
        const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, b)
        if (!near(requestsPerSecond, recent.length / (end - from))) return false
        if (total.requests !== within.filter(({ at }) => at < Math.ceil(end) * 1000).length) return false
        if ((percentiles === undefined) !== (sorted.length === 0)) return false
        for (const p of [50, 95, 100]) {
          // The longest that at most this share is shorter than.
          const expected = sorted.findLast(
            (value) => sorted.filter((other) => other < value).length <= Math.floor((sorted.length * p) / 100),
          )
          if (percentiles?.[String(p)] !== expected) return false
        }
      }
      return true
    }),
    { numRuns: 200 },
  )
})

t.test('the last row of the history has the totals of the statistics', async (t) => {
  const rows = (text = ''): string[][] => text.split('\r\n').map((line) => line.split(','))
  const [stats, history] = locustFiles('run', sample()).map(({ text }) => rows(text))
  const last = history?.at(-2)?.slice(-7) ?? []
  const aggregate = stats?.at(-2)?.slice(2, 9) ?? []
  for (const [place, column] of ['requests', 'failures', 'median', 'average', 'min', 'max', 'size'].entries())
    t.ok(Math.abs(Number(last[place]) - Number(aggregate[place])) < 0.01, column)
})

t.test('latencies of a second survive serialization and merging', async (t) => {
  const latencies = fc.array(fc.integer({ min: 1, max: 90_000_000 }))
  fc.assert(
    fc.property(latencies, latencies, (some, others) => {
      const counted = (values: readonly number[]): SecondCounts => {
        const counts = new SecondCounts()
        for (const value of values) counts.addLatency(value)
        return counts
      }
      const merged = new SecondCounts()
      for (const part of [some, others])
        merged.merge(JSON.parse(JSON.stringify(counted(part).snapshot())) as ReturnType<SecondCounts['snapshot']>)
      t.strictSame(merged.snapshot(), counted([...some, ...others]).snapshot())
    }),
    { numRuns: 100 },
  )
})

t.test('addLatencies() removes what it added', async (t) => {
  const counts = new Map([[3, 1]])
  addLatencies(counts, '3*12 4*40 5')
  t.strictSame(Object.fromEntries(counts), { 3: 13, 4: 40, 5: 1 })
  addLatencies(counts, '3*12 4*40 5', -1)
  t.strictSame(Object.fromEntries(counts), { 3: 1 })
  addLatencies(counts, '')
  t.strictSame(percentilesOf(counts, [0, 50, 100]), [3, 3, 3])
  t.strictSame(percentilesOf(new Map(), [50]), [0])
})

t.test('a load of 15 minutes stays small', async (t) => {
  // 300 requests/s with latencies around 20 ms, a few up to 2 s.
  let random = 1
  const next = (): number => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647
  const { perSecond } = result((add) => {
    for (let at = 0; at < 900_000; at += 1000 / 300)
      add(1, at, 10 + 20 * next() + (next() < 0.01 ? 2000 * next() : 0), ok)
  }, 900)
  t.equal(perSecond.length, 900)
  t.ok(JSON.stringify(perSecond).length < 300_000, `${JSON.stringify(perSecond).length} bytes`)
})
