import fc from 'fast-check'
import t from 'tap'
import { messageText } from '../../../../src/labbook.ts'
import {
  lossOf,
  lossVerdict,
  parseLog,
  acknowledgedCounts,
  lossProbabilityBound,
  type Loss,
} from '../../../../playbooks/redis/experiments/support/lost-writes.ts'

t.test('lossOf() counts lost and indeterminate increments', async (t) => {
  t.same(lossOf({ values: [6, 7, 8], indeterminate: 0 }, 5, 8), {
    acknowledged: 3,
    indeterminate: 0,
    added: 3,
    lost: 0,
    maxLost: 0,
  })
  t.match(lossOf({ values: [6, 7, 8], indeterminate: 0 }, 5, 6), { lost: 2, maxLost: 2 })
  t.match(lossOf({ values: [6], indeterminate: 1 }, 5, 6), { lost: 0, maxLost: 1 })
  t.match(lossOf({ values: [6, 7], indeterminate: 1 }, 5, 8), { lost: 0, maxLost: 0 })
})

t.test('duplicate count is a lost increment, even if the sum matches', async (t) => {
  t.match(lossOf({ values: [6, 7, 7], indeterminate: 1 }, 5, 8), { lost: 1, maxLost: 1 })
})

t.test('lossVerdict() of an unknown count is inconclusive', async (t) => {
  t.equal(lossOf({ values: [1], indeterminate: 0 }, 0, Number.NaN), undefined)
  t.equal(lossVerdict([lossOf({ values: [1], indeterminate: 0 }, Number.NaN, 1)]).none, null)
  t.equal(lossVerdict([]).none, null)
})

t.test('lossVerdict() is false after one loss, even with unknown counts', async (t) => {
  const loss = (lost: number): Loss => ({ acknowledged: 10, indeterminate: 0, added: 10 - lost, lost, maxLost: lost })
  const lossy = lossVerdict([loss(0), undefined, loss(3)])
  t.equal(lossy.none, false)
  t.match(messageText(lossy.summary), /^3 acknowledged increments lost in 1 of 3 runs \(0, 3\)/)
  const whole = lossVerdict([loss(0), loss(0), loss(0), loss(0), loss(0)])
  t.equal(whole.none, true)
  t.match(messageText(whole.summary), /^0 acknowledged increments lost in 5 runs.*below 45 %/)
})

t.test('lossProbabilityBound() is the exact rule of three', async (t) => {
  t.equal(lossProbabilityBound(0), 1)
  t.ok(Math.abs(lossProbabilityBound(5) - 0.4507) < 0.001)
  t.ok(Math.abs(lossProbabilityBound(100) - 0.0295) < 0.001)
})

/** An increment in a history with a failover: it is applied or not, and acknowledged or not. */
const history = fc.array(fc.record({ lasts: fc.boolean(), acknowledged: fc.boolean() }), { maxLength: 60 })

t.test('true loss of any history with a failover lies within lost and mostLost', async () => {
  fc.assert(
    fc.property(fc.nat(100), history, history, fc.nat(60), (before, old, later, cut) => {
      // The old master counts up; the new one continues from a count at or before that.
      const replicated = Math.min(cut, old.length)
      const values: number[] = []
      let unsure = 0
      let lost = 0
      old.forEach(({ acknowledged }, at) => {
        if (!acknowledged) unsure++
        else {
          values.push(before + at + 1)
          if (at >= replicated) lost++
        }
      })
      later.forEach(({ acknowledged }, at) => {
        if (acknowledged) values.push(before + replicated + at + 1)
        else unsure++
      })
      const loss = lossOf({ values, indeterminate: unsure }, before, before + replicated + later.length)
      return loss !== undefined && loss.lost <= lost && lost <= loss.maxLost
    }),
    { numRuns: 2000 },
  )
})

t.test('history without a failover has no loss', async () => {
  fc.assert(
    fc.property(fc.nat(100), history, (before, all) => {
      let count = before
      const values: number[] = []
      let unsure = 0
      for (const { lasts, acknowledged } of all) {
        if (lasts) count++
        if (lasts && acknowledged) values.push(count)
        else unsure++
      }
      return lossOf({ values, indeterminate: unsure }, before, count)?.lost === 0
    }),
  )
})

t.test('parseLog() parses the log of a client and skips truncated lines', async (t) => {
  const log = parseLog(
    '{"at": 1000, "was": "ok", "value": 7}\nnoise\n{"at": 1001, "was": "no", "why": "NOREPLICAS"}\n{"at": 1002, "was": "unsure", "why": "timed out"}\n{"at": 1003, "was": "o',
  )
  t.same(log, {
    complete: false,
    changes: [
      { at: 1000, was: 'ok', value: 7 },
      { at: 1001, was: 'no', why: 'NOREPLICAS' },
      { at: 1002, was: 'unsure', why: 'timed out' },
    ],
  })
  t.same(acknowledgedCounts(log.changes), { values: [7], indeterminate: 1, refused: 1 })
  t.equal(parseLog('{"ended": true}\n').complete, true)
  t.match(
    lossOf(acknowledgedCounts([{ at: 1, was: 'ok' }]), 0, 5),
    { lost: 1 },
    'an acknowledgment without a count is a loss',
  )
})
