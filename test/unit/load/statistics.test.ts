import fc from 'fast-check'
import t from 'tap'
import { seeded } from '../../../src/load/random.ts'
import { runUntilDecided } from '../../../src/load/sequential.ts'
import { compare, type Conclusion, interleaved, ratioOfMeans, type Trial } from '../../../src/load/statistics.ts'
import { runs } from '../../support/seed.ts'
import { inEnglish, reason } from '../../support/in-english.ts'

/** Approximately normal noise (Irwin-Hall) with a relative spread. */
const noisy = (random: () => number, mean: number, spread: number): number =>
  mean * (1 + spread * (Array.from({ length: 12 }, random).reduce((sum, each) => sum + each, 0) - 6))

const trials = (values: readonly number[], issues: readonly string[] = []): Trial[] =>
  values.map((value) => ({ value, issues: issues.map(reason) }))

/** Comparisons of samples with a known ratio. */
function verdicts(ratio: number, spread: number, times: number, each = 5) {
  const random = seeded(7)
  const sample = (mean: number): number[] => Array.from({ length: each }, () => noisy(random, mean, spread))
  return Array.from({ length: times }, () => compare(trials(sample(500)), trials(sample(500 * ratio))))
}

t.test('interleaved() alternates in ABBA order', async (t) => {
  t.same(interleaved([1, 4], 5), [1, 4, 4, 1, 1, 4, 4, 1, 1, 4])
  t.same(interleaved([1, 2, 4], 2), [1, 2, 4, 4, 2, 1])
})

t.test('the confidence interval reaches its nominal coverage', async (t) => {
  for (const [ratio, each] of [
    [1, 3],
    [1, 5],
    [1.3, 5],
    [3, 9],
  ] as const) {
    const all = verdicts(ratio, 0.08, 2000, each)
    const coverage =
      all.filter((one) => one.ratio !== undefined && one.ratio.low <= ratio && ratio <= one.ratio.high).length /
      all.length
    t.ok(coverage >= 0.935, `ratio ${ratio}, ${each} trials: in ${(coverage * 100).toFixed(1)} % of 2000 intervals`)
  }
})

t.test('compare() keeps its error rate, and is conclusive if the data allows it', async (t) => {
  const part = (all: ReturnType<typeof verdicts>, answer: string): number =>
    all.filter((one) => one.answer === answer).length / all.length
  const same = verdicts(1, 0.08, 2000)
  t.ok(part(same, 'more') + part(same, 'less') <= 0.06, 'few false positives')
  t.equal(part(verdicts(1.5, 0.08, 200), 'less'), 0)
  t.ok(part(verdicts(1.5, 0.08, 200), 'more') >= 0.95, 'detects 50 % more')
  t.ok(part(verdicts(0.6, 0.08, 200), 'less') >= 0.95)
  t.ok(part(verdicts(1, 0.01, 200), 'no difference') >= 0.95, 'detects equality')
  t.ok(part(verdicts(1.2, 0.01, 200), 'no difference') === 0, '20 % more is a difference')
})

t.test('ratioOfMeans() is scale invariant, and inverts if its samples are swapped', async (t) => {
  const values = fc.array(fc.double({ min: 10, max: 1000, noNaN: true }), { minLength: 3, maxLength: 9 })
  fc.assert(
    fc.property(values, values, fc.double({ min: 0.1, max: 10, noNaN: true }), (base, other, unit) => {
      const one = ratioOfMeans(base, other)
      const scaled = ratioOfMeans(
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
        near(ratioOfMeans(other, base).estimate, 1 / one.estimate)
      )
    }),
    { numRuns: 300 },
  )
  t.pass('300 random pairs')
})

/** With its texts in English. */
const said = (...compared: Parameters<typeof compare>): unknown => inEnglish(compare(...compared))

t.test('an inconclusive comparison has a reason', async (t) => {
  const steady = [100, 101, 99, 100, 102]
  t.match(said(trials([100, 101]), trials(steady)), {
    answer: 'inconclusive',
    why: /too few trials: 2 and 5/,
  })
  t.match(said(trials([50, 150, 100, 60, 140]), trials([70, 170, 120, 65, 150])), {
    answer: 'inconclusive',
    why: /too wide: ratio/,
  })
  t.match(
    said(trials(steady), [
      ...trials(steady.map((value) => value * 3)),
      ...trials([300], ['load generator is the bottleneck']),
    ]),
    { answer: 'inconclusive', why: 'load generator is the bottleneck' },
    'one invalid trial is enough',
  )
  t.match(said(trials(steady), trials([0, 100, 100, 100, 100])), {
    answer: 'inconclusive',
    why: /no successful response/,
  })
  t.match(said(trials(steady), trials(steady, ['a', 'b', 'c'])), { why: 'a; and 2 more issues, such as: b' })
})

/** A load test whose throughputs have a known ratio. */
async function sequence(random: () => number, ratio: number, spread: number, drift = 0, most = 9) {
  let number = 0
  return await runUntilDecided([1, 4], { most }, async (replicas) => {
    const value = noisy(random, replicas === 1 ? 500 : 500 * ratio, spread) * (1 + drift * number++)
    return { value, issues: [] }
  })
}

t.test('runUntilDecided() has few false verdicts, though it looks several times', async (t) => {
  const random = seeded(11)
  const rounds = runs(200)
  for (const { ratio, wrong } of [
    { ratio: 1, wrong: ['more', 'less'] },
    { ratio: 1.1, wrong: ['no difference', 'less'] },
    { ratio: 1 / 1.1, wrong: ['no difference', 'more'] },
    { ratio: 4, wrong: ['no difference', 'less'] },
  ] satisfies { ratio: number; wrong: Conclusion[] }[]) {
    for (const spread of [0.02, 0.08, 0.2]) {
      let count = 0
      for (let round = 0; round < rounds; round++) {
        const { comparison } = await sequence(random, ratio, spread)
        if (wrong.includes(comparison.answer as never)) count++
      }
      t.ok(
        count / rounds <= 0.05,
        `ratio ${ratio.toFixed(2)}, spread ${spread}: ${count} of ${rounds} verdicts are wrong`,
      )
    }
  }
})

t.test('runUntilDecided() decides early what is clear', async (t) => {
  const random = seeded(13)
  const four = await sequence(random, 4, 0.05)
  t.match([four.comparison.answer, four.trials.length], ['more', 6])
  t.same(
    four.trials.map(({ condition }) => condition),
    [1, 4, 4, 1, 1, 4],
  )
  const same = await sequence(random, 1, 0.03)
  t.equal(same.comparison.answer, 'no difference')
  t.ok(same.trials.length < 18)
  const noise = await sequence(random, 1.05, 0.4)
  t.match([noise.comparison.answer, noise.trials.length], ['inconclusive', 18])
  t.match((await sequence(random, 4, 0.05, 0.02)).comparison.answer, 'more', 'a drift affects both')
})

t.test('runUntilDecided() alternates the conditions, and begins with either', async (t) => {
  const orderOf = async (secondFirst: boolean): Promise<number[]> => {
    const order: number[] = []
    await runUntilDecided([1, 4], { most: 3, secondFirst }, async (replicas) => {
      order.push(replicas)
      return { value: 100 * replicas + order.length, issues: [] }
    })
    return order
  }
  t.same(await orderOf(false), [1, 4, 4, 1, 1, 4])
  t.same(await orderOf(true), [4, 1, 1, 4, 4, 1])
  const { comparison } = await runUntilDecided([1, 4], { most: 3, secondFirst: true }, async (replicas) => ({
    value: 100 * replicas,
    issues: [],
  }))
  t.equal(comparison.ratio?.estimate.toFixed(1), '4.0', 'the ratio is that of the second to the first')
})

t.test('runUntilDecided() ends with the first invalid trial, and says why', async (t) => {
  let number = 0
  const { comparison, trials } = await runUntilDecided([1, 4], { most: 9 }, async () => ({
    value: 100,
    issues: ++number === 3 ? [reason('the generator lagged')] : [],
  }))
  t.match(inEnglish(comparison), { answer: 'inconclusive', why: 'the generator lagged' })
  t.equal(trials.length, 3)
})
