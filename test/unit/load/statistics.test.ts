import fc from 'fast-check'
import t from 'tap'
import { seeded } from '../../../src/load/random.ts'
import { compare, interleaved, ratioOfMedians, type Trial } from '../../../src/load/statistics.ts'

/** Approximately normal noise (Irwin-Hall) with a relative spread. */
const noisy = (random: () => number, mean: number, spread: number): number =>
  mean * (1 + spread * (Array.from({ length: 12 }, random).reduce((sum, each) => sum + each, 0) - 6))

const trials = (values: readonly number[], issues: readonly string[] = []): Trial[] =>
  values.map((value) => ({ value, issues }))

/** Comparisons of samples with a known ratio. */
function verdicts(ratio: number, spread: number, times: number, each = 5) {
  const random = seeded(7)
  const sample = (mean: number): number[] => Array.from({ length: each }, () => noisy(random, mean, spread))
  return Array.from({ length: times }, (_, seed) => compare(trials(sample(500)), trials(sample(500 * ratio)), { seed }))
}

t.test('interleaved() alternates in ABBA order', async (t) => {
  t.same(interleaved([1, 4], 5), [1, 4, 4, 1, 1, 4, 4, 1, 1, 4])
  t.same(interleaved([1, 2, 4], 2), [1, 2, 4, 4, 2, 1])
})

t.test('the confidence interval reaches its nominal coverage', async (t) => {
  for (const [ratio, each] of [
    [1, 5],
    [1.3, 5],
    [3, 9],
  ] as const) {
    const all = verdicts(ratio, 0.08, 400, each)
    const coverage =
      all.filter((one) => one.ratio !== undefined && one.ratio.low <= ratio && ratio <= one.ratio.high).length /
      all.length
    t.ok(coverage >= 0.92, `ratio ${ratio}, ${each} trials: in ${(coverage * 100).toFixed(1)} % of 400 intervals`)
  }
})

t.test('compare() keeps its error rate, and is conclusive if the data allows it', async (t) => {
  const part = (all: ReturnType<typeof verdicts>, answer: string): number =>
    all.filter((one) => one.answer === answer).length / all.length
  const same = verdicts(1, 0.08, 300)
  t.ok(part(same, 'more') + part(same, 'less') <= 0.08, 'few false positives')
  t.equal(part(verdicts(1.5, 0.08, 200), 'less'), 0)
  t.ok(part(verdicts(1.5, 0.08, 200), 'more') >= 0.95, 'detects 50 % more')
  t.ok(part(verdicts(0.6, 0.08, 200), 'less') >= 0.95)
  t.ok(part(verdicts(1, 0.01, 200), 'no difference') >= 0.95, 'detects equality')
  t.ok(part(verdicts(1.2, 0.01, 200), 'no difference') === 0, '20 % more is a difference')
})

t.test('ratioOfMedians() is scale invariant, and inverts if its samples are swapped', async (t) => {
  const values = fc.array(fc.double({ min: 10, max: 1000, noNaN: true }), { minLength: 5, maxLength: 9 })
  fc.assert(
    fc.property(values, values, fc.double({ min: 0.1, max: 10, noNaN: true }), (base, other, unit) => {
      const one = ratioOfMedians(base, other)
      const scaled = ratioOfMedians(
        base.map((value) => value * unit),
        other.map((value) => value * unit),
      )
      const near = (a: number, b: number): boolean => Math.abs(a / b - 1) < 1e-9
      return (
        near(one.estimate, scaled.estimate) &&
        near(one.low, scaled.low) &&
        near(one.high, scaled.high) &&
        one.low <= one.estimate &&
        one.estimate <= one.high &&
        near(ratioOfMedians(other, base).estimate, 1 / one.estimate)
      )
    }),
    { numRuns: 30 },
  )
  t.pass('30 random pairs')
})

t.test('an inconclusive comparison has a reason', async (t) => {
  const steady = [100, 101, 99, 100, 102]
  t.match(compare(trials([100, 101, 99, 100]), trials(steady)), {
    answer: 'inconclusive',
    why: /too few trials: 4 and 5/,
  })
  t.match(compare(trials([50, 150, 100, 60, 140]), trials([70, 170, 120, 65, 150])), {
    answer: 'inconclusive',
    why: /too wide: ratio/,
  })
  t.match(
    compare(trials(steady), [
      ...trials(steady.map((value) => value * 3)),
      ...trials([300], ['load generator is the bottleneck']),
    ]),
    { answer: 'inconclusive', why: 'load generator is the bottleneck' },
    'one invalid trial is enough',
  )
  t.match(compare(trials(steady), trials([0, 100, 100, 100, 100])), {
    answer: 'inconclusive',
    why: /no successful response/,
  })
  t.match(compare(trials(steady), trials(steady, ['a', 'b', 'c'])), { why: 'a; and 2 more issues, such as: b' })
})
