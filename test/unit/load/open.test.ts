import fc from 'fast-check'
import t from 'tap'
import { schedule } from '../../../src/load/open.ts'

t.test('an open load has as many requests in the time that counts as were asked for, whenever it begins', (t) => {
  const tenths = (least: number, most: number) =>
    fc.integer({ min: least * 10, max: most * 10 }).map((number) => number / 10)
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }).map((number) => number * 10),
      tenths(0, 60),
      tenths(0.1, 600),
      fc.double({ min: 0, max: 1e7, noNaN: true }),
      (rate, warmup, seconds, from) => {
        const { wanted, due } = schedule({ rate, warmup, seconds }, from)
        const first = Math.round(warmup * rate)
        // As the tally asks it: `at < from` does not count, `at >= to` neither.
        return (
          wanted - first === Math.round(seconds * rate) &&
          due(first) >= from &&
          due(wanted - 1) < from + seconds * 1000 &&
          (first === 0 || due(first - 1) < from)
        )
      },
    ),
  )
  t.pass('for any rate, warm-up and beginning')
  t.end()
})
