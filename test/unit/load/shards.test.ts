import fc from 'fast-check'
import t from 'tap'
import { mergeParts, shardPlan, readPlan, type Figures, type LoadPart, type Plan } from '../../../src/load/index.ts'
import { Tally, type RequestOutcome } from '../../../src/load/tally.ts'
import { runs } from '../../support/seed.ts'

const targets = [1, 2, 3].map((n) => ({ host: `10.0.0.${n}`, port: 8080 }))

const kinds = [{ path: '/' }, { method: 'POST', path: '/more' }] as const

const generator = { cores: 0.1, busy: 0.2, delay: { p50: 0, p99: 1, max: 2 } }

const outcomes = fc.oneof<fc.Arbitrary<RequestOutcome>[]>(
  fc.record({
    status: fc.constantFrom(200, 404, 503),
    bytes: fc.nat(2000),
    replica: fc.constantFrom('a', 'b', undefined),
    node: fc.constantFrom('n', undefined),
  }),
  fc.record({ error: fc.constantFrom('ECONNRESET', 'request timed out') }),
)

const samples = fc.array(
  fc.record({
    kind: fc.nat(1),
    at: fc.integer({ min: 0, max: 4999 }),
    ms: fc.integer({ min: 1, max: 5000 }),
    outcome: outcomes,
    by: fc.nat(2),
  }),
  { maxLength: 200 },
)

t.test('merged results of several generators equal the result of one', async (t) => {
  const plan = readPlan({ way: 'closed', connections: 6, seconds: 5, targets, kinds: [...kinds] })
  const counted = (which: readonly { kind: number; at: number; ms: number; outcome: RequestOutcome }[]): Tally => {
    const tally = new Tally(plan.kinds, { from: 0, to: 5000 })
    for (const { kind, at, ms, outcome } of which) tally.add(kind, at, ms, outcome)
    return tally
  }
  fc.assert(
    fc.property(samples, (all) => {
      const parts = [0, 1, 2].map((place): LoadPart => {
        const tally = counted(all.filter(({ by }) => by === place))
        return {
          result: { plan, start: '2026-01-01T00:00:00.000Z', ended: 'in time', ...tally.figures(5000), generator },
          counted: JSON.parse(JSON.stringify(tally.dump())) as LoadPart['counted'],
        }
      }) as [LoadPart, ...LoadPart[]]
      const [sum, expected] = [mergeParts(plan, parts), counted(all).figures(5000)]
      for (const key of [
        'seconds',
        'throughput',
        'statuses',
        'errors',
        'failures',
        'replicas',
        'nodes',
        'perSecond',
      ] as const)
        t.strictSame(sum[key], expected[key], key)
      for (const [name, added, one] of [
        ['total', sum.total, expected.total],
        ...sum.kinds.map((row, place) => [`kind ${place}`, row, expected.kinds[place]]),
      ] as [string, Figures, Figures][]) {
        t.strictSame({ ...added, latency: undefined }, { ...one, latency: undefined }, name)
        // A decoded histogram knows its minimum and maximum by their buckets: three digits.
        const near = (a: number, b: number): boolean => Math.abs(a - b) <= b * 0.002 + 0.002
        t.ok(
          (['min', 'mean', 'max'] as const).every((key) => near(added.latency[key], one.latency[key])),
          `latency of ${name}`,
        )
        t.ok(
          Object.entries(added.latency.percentiles).every(([key, value]) =>
            near(value, one.latency.percentiles[key] ?? NaN),
          ),
          `percentiles of ${name}`,
        )
      }
    }),
    { numRuns: runs(25) },
  )
})

t.test('a merged result has the worst resource use and end of all generators', async (t) => {
  const plan = readPlan({ way: 'open', rate: 10, seconds: 1, targets, kinds: [...kinds] })
  const part = (busy: number, lateP99: number): LoadPart => {
    const tally = new Tally(plan.kinds, { from: 0, to: 1000 })
    return {
      result: {
        plan,
        start: '2026-01-01T00:00:00.000Z',
        ended: busy > 0.5 ? 'aborted' : 'in time',
        ...tally.figures(1000),
        generator: { ...generator, busy },
        lateP99,
      },
      counted: tally.dump(),
    }
  }
  const { generator: use, lateP99, ended } = mergeParts(plan, [part(0.1, 3), part(0.95, 1)])
  t.match({ use, lateP99, ended }, { use: { busy: 0.95, delay: { p99: 1 } }, lateP99: 3, ended: 'aborted' })
})

t.test('a sharded plan is complete, and no shard is empty', async (t) => {
  const models = fc.oneof(
    fc.record({ way: fc.constant('closed' as const), connections: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ way: fc.constant('users' as const), users: fc.integer({ min: 1, max: 100 }) }),
    fc.record({
      way: fc.constant('open' as const),
      rate: fc.integer({ min: 1, max: 100 }),
      inFlight: fc.integer({ min: 1, max: 50 }),
    }),
  )
  const size = (plan: Plan): number =>
    plan.way === 'closed' ? plan.connections : plan.way === 'users' ? plan.users : plan.inFlight
  fc.assert(
    fc.property(models, fc.integer({ min: 1, max: 8 }), (model, generators) => {
      const plan = readPlan({ ...model, seconds: 1, targets, kinds: [...kinds] })
      const parts = shardPlan(plan, generators)
      t.equal(parts.length, Math.min(generators, size(plan)))
      t.equal(
        parts.reduce((sum, part) => sum + size(part), 0),
        size(plan),
      )
      t.ok(parts.every((part) => size(part) >= 1 && size(part) <= Math.ceil(size(plan) / parts.length)))
      t.ok(parts.every((part) => part.targets.length === targets.length))
      t.equal(new Set(parts.map(({ seed }) => seed)).size, parts.length, 'seeds are distinct')
      if (plan.way === 'open')
        t.ok(Math.abs(parts.reduce((sum, part) => sum + (part.way === 'open' ? part.rate : 0), 0) - plan.rate) < 1e-9)
    }),
    { numRuns: 200 },
  )
})
