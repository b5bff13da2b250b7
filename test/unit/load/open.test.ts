import fc from 'fast-check'
import t from 'tap'
import { schedule } from '../../../src/load/open.ts'

t.test('schedule() has rate × seconds requests in the measurement window, for any start', (t) => {
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
        // The window of the tally: from <= at < to.
        return (
          wanted - first === Math.round(seconds * rate) &&
          due(first) >= from &&
          due(wanted - 1) < from + seconds * 1000 &&
          (first === 0 || due(first - 1) < from)
        )
      },
    ),
  )
  t.pass('for any rate, warm-up and start')
  t.end()
})
