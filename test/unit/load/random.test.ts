import t from 'tap'
import { seeded, shuffledRound } from '../../../src/load/random.ts'

const sequence = (seed: number, length = 1000): number[] => {
  const random = seeded(seed)
  return Array.from({ length }, random)
}

t.test('numbers are reproducible, uniform, and differ between adjacent seeds', async (t) => {
  t.strictSame(sequence(1), sequence(1))
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  t.ok(sequence(1).every((number) => number >= 0 && number < 1))
  t.ok(Math.abs(mean(sequence(1)) - 0.5) < 0.05)
  // The first numbers of shards, whose seeds are adjacent: they decide when the users of each start.
  const firsts = Array.from({ length: 200 }, (_, seed) => sequence(seed, 1)[0] ?? Number.NaN)
  t.ok(Math.abs(mean(firsts) - 0.5) < 0.1, `mean ${mean(firsts)}`)
  t.equal(new Set(firsts).size, 200)
})

t.test('a shuffled round has each index as often as its weight', async (t) => {
  const round = shuffledRound([3, 0, 1], seeded(1))
  t.strictSame(round.toSorted(), [0, 0, 0, 2])
  const orders = new Set(Array.from({ length: 50 }, (_, seed) => shuffledRound([3, 0, 1], seeded(seed)).join('')))
  t.strictSame([...orders].sort(), ['0002', '0020', '0200', '2000'])
})
