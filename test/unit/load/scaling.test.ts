import fc from 'fast-check'
import t from 'tap'
import { seeded } from '../../../src/load/random.ts'
import { fitLaw, peakOf, usl, type ScalingLaw, type ScalingTrial } from '../../../src/load/scaling.ts'
import { runs, sameCases } from '../../support/seed.ts'
import { inEnglish } from '../../support/in-english.ts'

const COUNTS = [1, 2, 4, 8]

function measured(
  law: (n: number) => number,
  noise: number,
  seed: number,
  each = 3,
  counts: readonly number[] = COUNTS,
): ScalingTrial[] {
  const random = seeded(seed)
  const normal = (): number => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, 0) - 6
  return counts.flatMap((replicas) =>
    Array.from({ length: each }, () => ({ replicas, throughput: law(replicas) * (1 + noise * normal()) })),
  )
}

const contains = ({ low, high }: ScalingLaw['contention'], value: number): boolean =>
  low - 1e-6 <= value && value <= high + 1e-6

t.test('fitLaw() recovers the parameters of a curve without noise', async (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: 50, max: 5000, noNaN: true }),
      fc.double({ min: 0, max: 0.6, noNaN: true }),
      fc.double({ min: 0, max: 0.04, noNaN: true }),
      (rate, contention, coherence) => {
        const { law } = fitLaw(measured(usl(rate, contention, coherence), 0, 1), 'usl')
        return (
          law !== undefined &&
          Math.abs(law.rate.estimate / rate - 1) < 0.01 &&
          Math.abs(law.contention.estimate - contention) < 0.01 &&
          Math.abs(law.coherence.estimate - coherence) < 0.002
        )
      },
    ),
    { numRuns: runs(10), ...sameCases },
  )
  t.pass('random laws')
})

t.test('confidence intervals of noisy curves reach their nominal coverage', async (t) => {
  let [all, covered] = [0, 0]
  for (const [place, [contention, coherence]] of (
    [
      [0.1, 0.01],
      [0.3, 0.03],
      [0.05, 0.002],
    ] as const
  ).entries()) {
    const laws = Array.from(
      { length: runs(80) },
      (_, seed) => fitLaw(measured(usl(300, contention, coherence), 0.02, 3 * seed + place + 1), 'usl').law,
    ).filter((law) => law !== undefined)
    t.ok(laws.length >= runs(80) * 0.9, `${laws.length} of ${runs(80)} conclusive`)
    all += laws.length * 2
    covered +=
      laws.filter((law) => contains(law.contention, contention)).length +
      laws.filter((law) => contains(law.coherence, coherence)).length
  }
  t.ok(covered / all >= 0.92, `${covered} of ${all} intervals`)
})

t.test("Amdahl's law has no coherence and no peak", async (t) => {
  const { law } = fitLaw(measured(usl(200, 0.25, 0), 0.01, 3), 'amdahl')
  t.ok(law !== undefined && contains(law.contention, 0.25), JSON.stringify(law))
  t.same(law?.coherence, { estimate: 0, low: 0, high: 0 })
  t.equal(law && peakOf(law), undefined, 'no peak')
  const falling = fitLaw(measured(usl(200, 0.1, 0.05), 0.01, 3), 'usl').law
  t.ok(falling && Math.abs((peakOf(falling) ?? 0) - Math.sqrt(0.9 / 0.05)) < 0.7, 'coherence makes a peak')
  const [low = 0, high = 0] = falling?.between(4) ?? []
  t.ok(falling && low <= falling.at(4) && falling.at(4) <= high && low < high, 'the curve lies in its confidence band')
})

/** With its texts in English. */
const said = (...fitted: Parameters<typeof fitLaw>): unknown => inEnglish(fitLaw(...fitted))

t.test('fitLaw() is inconclusive if the data does not determine the law', async (t) => {
  t.match(said(measured(usl(300, 0.1, 0.01), 0.02, 1, 5, [1, 2, 4]), 'usl'), {
    cannotTell: /3 different numbers of replicas; a fit of 3 parameters needs 4/,
  })
  t.match(said(measured(usl(300, 0.1, 0.01), 0.02, 1, 5, [1, 4]), 'amdahl'), { cannotTell: /2 different numbers/ })
  t.match(
    said(measured(usl(300, 0.2, 0.01), 0.3, 5), 'usl'),
    { cannotTell: /misses the trials|confidence interval of (contention|coherence) is too wide/ },
    'too much noise',
  )
  t.match(
    said(
      [1, 2, 4, 8].map((replicas) => ({ replicas, throughput: 0 })),
      'usl',
    ),
    { cannotTell: /no throughput/ },
  )
  t.match(
    said(
      [1, 2, 4, 8].map((replicas, place) => ({ replicas, throughput: place % 2 === 0 ? 100 : 900 })),
      'usl',
    ),
    { cannotTell: /.+/ },
    'no such curve',
  )
})
