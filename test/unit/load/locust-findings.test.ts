import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { importLocust, readLocustHistory, readLocustStats, type LocustRun } from '../../../src/load/index.ts'
import { phaseOf } from '../../../src/load/locust-run.ts'

const at = (name: string): URL => new URL(`fixtures/locust/${name}`, import.meta.url)

/** A run whose files are at `NAME_stats.csv`. */
function runOf(replicas: number, name: string): LocustRun {
  const [stats, history] = [at(`${name}_stats.csv`), at(`${name}_stats_history.csv`)]
  return {
    replicas,
    stats: readLocustStats(name, readFileSync(stats, 'utf8')),
    history: existsSync(history) ? readLocustHistory(name, readFileSync(history, 'utf8')) : undefined,
  }
}

const pair = (name: string): LocustRun[] => [1, 4].map((replicas) => runOf(replicas, `${name}/replicas${replicas}`))

const verdicts = (...[runs, options]: Parameters<typeof importLocust>): Record<string, boolean | null> =>
  Object.fromEntries(importLocust(runs, options).findings.map(({ id, holds }) => [id, holds]))

const detail = (id: string, ...[runs, options]: Parameters<typeof importLocust>): string =>
  importLocust(runs, options).findings.find((finding) => finding.id === id)?.detail ?? 'no such finding'

t.test('users who set the rate: replicas could not differ, and "4 times faster" is named', async (t) => {
  const runs = pair('users-set-rate')
  t.match(verdicts(runs), {
    'import.valid.1': true,
    'import.valid.4': true,
    'import.users.4': true,
    'import.throughput.1-vs-4': null,
    'import.repeated.1-vs-4': null,
    'import.latency.1-vs-4': true,
  })
  t.match(
    detail('import.throughput.1-vs-4', runs),
    /^the users set the rate: 1 and 4 replicas could not differ in this test, or by 11 % at most; .*33\.3 and 35\.5 requests\/s/,
  )
  t.match(
    importLocust(runs).limits[0],
    /^"4 replicas are 4\.2 times faster than 1" does not follow: .* ratio .* is 1\.06/,
  )
  t.match(detail('import.users.1', runs), 'derived think time 1.24 s', 'the users waited 0.5 to 2 s')
})

t.test('a server that limits throughput: the runs differ, repeated runs are missing', async (t) => {
  const runs = pair('server-limited')
  t.strictSame(verdicts(runs), {
    'import.valid.1': true,
    'import.users.1': false,
    'import.valid.4': true,
    'import.users.4': false,
    'import.throughput.1-vs-4': true,
    'import.repeated.1-vs-4': null,
    'import.latency.1-vs-4': true,
  })
  t.match(detail('import.throughput.1-vs-4', runs), '36.7 and 147.4 requests/s, ratio 4.01')
  t.match(detail('import.repeated.1-vs-4', runs), /^one run each: says nothing about how much runs vary/)
  t.match(verdicts(runs.toReversed())['import.throughput.4-vs-1'], false, 'fewer replicas serve less')
})

t.test('failures invalidate a comparison', async (t) => {
  const runs = pair('failures')
  t.strictSame(verdicts(runs), {
    'import.valid.1': false,
    'import.users.1': null,
    'import.valid.4': false,
    'import.users.4': null,
    'import.throughput.1-vs-4': null,
    'import.repeated.1-vs-4': null,
    'import.latency.1-vs-4': null,
  })
  t.match(
    detail('import.throughput.1-vs-4', runs),
    /^failures invalidate the run with 1 replica: 5824 of 6982 requests/,
  )
})

t.test('runs with different numbers of users are not compared', async (t) => {
  const runs = pair('different-users')
  t.match(verdicts(runs), { 'import.throughput.1-vs-4': null, 'import.latency.1-vs-4': null })
  t.match(
    detail('import.throughput.1-vs-4', runs),
    '15 with 1 replica, 60 with 4 replicas; repeat them with the same number',
  )
  t.match(
    importLocust(runs).limits[0],
    /^"4 replicas serve 4\.1 times the requests of 1" does not follow: they had 4\.0 times/,
  )
})

t.test('without histories the ramp-up is part of the figures, and the users must be specified', async (t) => {
  const runs = pair('server-limited').map((run) => ({ ...run, history: undefined }))
  t.match(verdicts(runs), { 'import.valid.1': null, 'import.users.1': null, 'import.throughput.1-vs-4': null })
  t.match(detail('import.users.1', runs), 'specify --users')
  t.match(verdicts(runs, { users: 60 }), { 'import.users.1': false, 'import.throughput.1-vs-4': null })
  t.match(detail('import.throughput.1-vs-4', runs, { users: 60 }), 'no _stats_history.csv, so the ramp-up is part')
})

t.test('a think time that does not match is inconclusive', async (t) => {
  const runs = pair('users-set-rate')
  t.match(verdicts(runs, { think: 1.25 }), { 'import.users.1': false, 'import.users.4': true })
  t.match(verdicts(runs, { think: 3 }), { 'import.users.4': null, 'import.throughput.1-vs-4': null })
  t.match(
    detail('import.users.4', runs, { think: 3 }),
    /^measured 35\.\d requests\/s, but 46 users with 3 s .* request 15\.2/,
  )
})

/** A run in a steady state, with a rate that differs between seconds by `noise` and grows by `growth` in all. */
function made(
  replicas: number,
  { users = 100, rate = 50, mean = 1000, seconds = 60, noise = 0.02, growth = 0, failures = 0 } = {},
): LocustRun {
  let requests = 0
  const history = Array.from({ length: seconds + 1 }, (_, second) => {
    if (second > 0)
      requests += Math.round(rate * (1 + noise * (second % 2 === 0 ? 1 : -1)) * (1 + (growth * second) / seconds))
    return { time: second, users: second < 5 ? second * 10 : users, requests, failures: requests * failures, mean }
  })
  const total = {
    method: '',
    name: 'Aggregated',
    requests,
    failures: requests * failures,
    mean,
    max: mean,
    requestsPerSecond: rate,
    percentiles: {},
  }
  return { replicas, stats: { file: 'made', kinds: [], total }, history }
}

t.test('verdicts about throughput follow what limits the runs', async (t) => {
  // 100 users who wait a second for 50 requests/s each second: the server is the limit.
  const limited = { users: 100, rate: 50, mean: 1900 }
  const free = { users: 100, rate: 96, mean: 40 }
  for (const [name, base, other, expected] of [
    ['both limited, more', limited, { users: 100, rate: 90, mean: 1000 }, true],
    ['both limited, equal', limited, { ...limited, rate: 51 }, false],
    ['both limited, less', limited, { ...limited, rate: 30, mean: 3200 }, false],
    ['the users set the rate of both', free, { ...free, mean: 10 }, null],
    ['the users set the rate of four: at least', limited, free, true],
    ['the users set the rate of four, equal', { ...free, rate: 90, mean: 120 }, { ...free, mean: 10 }, null],
    ['a difference within the variation', { ...limited, noise: 0.02 }, { ...limited, rate: 62, growth: -0.2 }, null],
    ['too short', limited, { ...limited, rate: 90, mean: 1000, seconds: 20 }, null],
    ['the rate still grows', limited, { ...limited, rate: 90, mean: 900, growth: 0.6 }, null],
    ['more than 1 % of failures', limited, { ...limited, rate: 90, mean: 1000, failures: 0.02 }, null],
    ['fewer than 1 % of failures', limited, { ...limited, rate: 90, mean: 1000, failures: 0.005 }, true],
  ] as const)
    t.equal(verdicts([made(1, base), made(4, other)])['import.throughput.1-vs-4'], expected, name)
})

t.test('three runs each decide whether a difference repeats', async (t) => {
  const limited = { users: 100, mean: 1900 }
  const runs = [49, 50, 51].map((rate) => made(1, { ...limited, rate }))
  const more = [88, 90, 92].map((rate) => made(4, { ...limited, mean: 1000, rate }))
  t.match(verdicts([...runs, ...more]), {
    'import.repeated.1-vs-4': true,
    'import.valid.1.2': true,
    'import.valid.4.3': true,
  })
  t.match(detail('import.repeated.1-vs-4', [...runs, ...more]), /^more: ratio 1\.80/)
  const equal = [49, 50, 51].map((rate) => made(4, { ...limited, rate }))
  t.match(verdicts([...runs, ...equal]), { 'import.repeated.1-vs-4': false })
  const wide = [30, 60, 120].map((rate) => made(4, { ...limited, mean: 700, rate }))
  t.match(verdicts([...runs, ...wide]), { 'import.repeated.1-vs-4': null })
  t.match(detail('import.repeated.1-vs-4', [...runs, ...more.slice(1)]), /^3 and 2 runs: says nothing/)
  t.match(detail('import.repeated.1-vs-4', [...runs.slice(1), ...more]), /^2 and 3 runs: says nothing/)
})

t.test('runs without a request are inconclusive, without NaN', async (t) => {
  const idle = { rate: 0, mean: 0 }
  for (const runs of [
    [made(1, idle), made(4, idle)],
    [made(1, idle), made(4)],
    [made(1), made(4, idle)],
  ]) {
    t.match(verdicts(runs), { 'import.throughput.1-vs-4': null })
    t.notMatch(JSON.stringify(importLocust(runs)), /NaN|Infinity/)
  }
})

t.test('phaseOf() cuts off ramp-up and end, and follows --reset-stats', async (t) => {
  const moment = (time: number, users: number, requests: number) => ({ time, users, requests, failures: 0, mean: 20 })
  const { stats } = made(1)
  const ramped = [moment(0, 0, 0), moment(1, 50, 10), moment(2, 100, 100), moment(12, 100, 1100), moment(13, 40, 1150)]
  t.match(phaseOf({ stats, history: ramped }), {
    users: 100,
    seconds: 10,
    requests: 1000,
    requestsPerSecond: 100,
    mean: 20,
    rampUp: 2,
    blocks: [100],
  })
  const reset = [moment(0, 0, 0), moment(1, 100, 50), moment(2, 100, 5), moment(12, 100, 1005)]
  t.match(phaseOf({ stats, history: reset }), { seconds: 10, requests: 1000, rampUp: 2 })
})
