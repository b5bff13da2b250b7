import t from 'tap'
import { commentsOf, sum, tallyOf, withoutPassed } from '../../run/tally.ts'

const TAP = `TAP version 14
# Subtest: one
    ok 1 - should be equal
    # it said so
    not ok 2 - should be equal
      ---
      diff: |
        -1
        +2
      ...

    1..2
    # failed 1 of 2 tests
not ok 1 - one # time=1.5ms

1..1
# { total: 3, pass: 1, fail: 1, skip: 1 }
# time=12.3ms
`

t.test('tallyOf reads the counts of tap and pytest', async (t) => {
  t.same(tallyOf(TAP), { passed: 1, failed: 1, skipped: 1 })
  t.same(tallyOf('# { total: 2, pass: 2 }\n'), { passed: 2, failed: 0, skipped: 0 })
  t.same(tallyOf('...s\n128 passed, 1 skipped in 63.20s (0:01:03)\n'), { passed: 128, failed: 0, skipped: 1 })
  t.same(tallyOf('F.E\n1 failed, 1 passed, 2 errors in 0.31s\n'), { passed: 1, failed: 3, skipped: 0 })
  t.same(tallyOf('=== 2 failed in 1.00s ===\n'), { passed: 0, failed: 2, skipped: 0 })
  t.same(
    tallyOf('12 passed tests, says a program\n'),
    { passed: 0, failed: 0, skipped: 0 },
    'not the output of a test runner',
  )
  t.same(
    sum([
      { passed: 1, failed: 2, skipped: 3 },
      { passed: 10, failed: 20, skipped: 30 },
    ]),
    { passed: 11, failed: 22, skipped: 33 },
  )
})

t.test('withoutPassed keeps failures in full and drops passed tests', async (t) => {
  const shown = withoutPassed(TAP)
  t.match(shown, /not ok 2 - should be equal\n {6}---\n {6}diff: \|\n {8}-1\n {8}\+2\n/)
  t.notMatch(shown, /^ *ok |Subtest|TAP version|time=\d+\.\d+ms$\n# /m)
  t.equal(commentsOf(TAP), '    # it said so\n    # failed 1 of 2 tests')
})
