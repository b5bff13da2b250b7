import t from 'tap'
import type { LoadResult } from '../../../src/load/index.ts'
import { messageText } from '../../../src/events/message.ts'
import { csvOf, resultMessage } from '../../../src/load/index.ts'
import { readPlan } from '../../../src/load/plan.ts'
import { Tally } from '../../../src/load/tally.ts'

const kinds = [
  { method: 'GET' as const, path: '/api/counter', weight: 1 },
  { method: 'POST' as const, path: '/say,"hi"', weight: 1 },
]

function result(): LoadResult {
  const tally = new Tally(kinds, { from: 1000, to: 3000 })
  for (let ms = 1; ms <= 100; ms++)
    tally.add(0, 1000 + ms * 10, ms, { status: 200, bytes: 50, replica: 'r1', node: 'n1' })
  tally.add(0, 2500, 3, { status: 503, bytes: 10 })
  tally.add(1, 2999, 7, { error: 'ECONNRESET' })
  tally.add(0, 999, 5000, { status: 200, bytes: 1 })
  tally.add(0, 3000, 5000, { status: 200, bytes: 1 })
  return {
    plan: readPlan({ way: 'closed', connections: 2, seconds: 2, targets: [{ host: 'a', port: 80 }], kinds }),
    start: '2026-01-01T00:00:00.000Z',
    ended: 'in time',
    ...tally.figures(9999),
    generator: { cores: 0.25, busy: 0.3, delay: { p50: 0, p99: 2, max: 3 } },
  }
}

t.test('Tally counts only outcomes in the measurement window', async (t) => {
  t.match(result(), {
    seconds: 2,
    throughput: 50,
    statuses: { 200: 100, 503: 1 },
    errors: { ECONNRESET: 1 },
    replicas: { r1: 100 },
    nodes: { n1: 100 },
    total: {
      requests: 102,
      failures: 2,
      latency: { min: 1, mean: 50.504, max: 100, percentiles: { 50: 50.015, 95: 95.039, 100: 100 } },
    },
    perSecond: [
      { at: 0, ok: 99, failed: 0 },
      { at: 1, ok: 1, failed: 2 },
    ],
  })
})

t.test('csvOf() has the columns of Locust', async (t) => {
  t.equal(
    csvOf({ '': result() }),
    `Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%
GET,/api/counter,101,1,50.015,50.504,1,100,49.604,50.5,0.5,50.015,66.047,75.007,80.063,90.047,95.039,98.047,99.007,100,100,100
POST,"/say,""hi""",1,1,0,0,0,0,0,0.5,0.5,0,0,0,0,0,0,0,0,0,0,0
,Aggregated,102,2,50.015,50.504,1,100,49.604,51,1,50.015,66.047,75.007,80.063,90.047,95.039,98.047,99.007,100,100,100
`,
  )
  t.match(csvOf({ 'trial 1': result(), 'trial 2': result() }), /^GET,trial 2: \/api\/counter,101,/m)
})

t.test('resultMessage() has the statistics of a result', async (t) => {
  const text = messageText(resultMessage(result()))
  t.match(text, /^closed model, 2 connections; 2\.0 s measured\n/)
  t.match(text, /^REQUEST +COUNT +FAILED +P50 MS/m)
  t.match(text, /^GET \/api\/counter +101 +1 +50\.0/m)
  t.match(text, /^Aggregated +102 +2/m)
  t.match(text, /^errors: ECONNRESET 1$/m)
  t.match(text, /^generator: 25 % of a core, busy 30 % of the time/m)
})
