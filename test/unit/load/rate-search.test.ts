import fc from 'fast-check'
import t from 'tap'
import { isFound, nextRate, type RateGoal, type RatePoint } from '../../../src/load/rate-search.ts'

const goal: RateGoal = { first: 50, goalMs: 200, max: 10_000 }

function search(measure: (rate: number) => Omit<RatePoint, 'rate'>, within: RateGoal = goal) {
  const points: RatePoint[] = []
  for (;;) {
    const next = nextRate(points, within)
    if (isFound(next)) return { ...next, points }
    if (points.length > 100) throw new Error('no end')
    points.push({ rate: next.rate, ...measure(next.rate) })
  }
}

/** A queue with one server: latency rises without bound near its capacity. */
const queue = (capacity: number) => (rate: number) => ({
  p99: rate >= capacity ? 5000 : 4605 / (capacity - rate),
  failed: 0,
})

t.test('nextRate() finds the highest rate within the goal', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 30, max: 5000 }), fc.integer({ min: 1, max: 8000 }), (capacity, first) => {
      // 4605 / (capacity - rate) <= 200
      const right = capacity - 4605 / 200
      const { rate, missed, points } = search(queue(capacity), { ...goal, first })
      if (right < 1) return rate === undefined
      return (
        rate !== undefined &&
        missed !== undefined &&
        rate <= right &&
        missed > right &&
        missed <= rate * 1.05 + 0.1 &&
        points.filter((point) => point.rate === rate).length === 2
      )
    }),
  )
})

t.test('nextRate() ends at the maximum, and where no rate meets the goal', async (t) => {
  t.match(search(queue(100_000), { ...goal, max: 300 }), { rate: 300, missed: undefined })
  const none = search(() => ({ p99: 900, failed: 0 }))
  t.equal(none.rate, undefined)
  t.ok(none.points.length < 15)
  t.match(
    search((rate) => ({ p99: 10, failed: rate > 80 ? 0.02 : 0 })),
    { rate: /^7[6-9]/, missed: /^8[0-4]/ },
    'failed requests miss the goal',
  )
})

t.test('one miss is enough to go lower', async (t) => {
  let trial = 0
  const { rate, points } = search((rate) => ({
    p99: ++trial === 2 && rate === 50 ? 900 : rate > 100 ? 900 : 10,
    failed: 0,
  }))
  t.ok((rate as number) < 50, `${rate} after ${points.length} trials`)
})
