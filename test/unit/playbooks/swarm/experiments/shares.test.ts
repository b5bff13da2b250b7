import fc from 'fast-check'
import t from 'tap'
import { smallestShare, sharesByReplica } from '../../../../../playbooks/swarm/experiments/support/shares.ts'

const answers = (...counts: number[]) =>
  counts.flatMap((count, i) => Array.from({ length: count }, () => ({ replica: `r${i}`, node: 'n' })))

t.test('smallestShare() is 1 for equal shares, 0 for a missing replica, and ignores surplus replicas', async (t) => {
  t.equal(smallestShare(sharesByReplica(answers(6, 6, 6, 6)), 4), 1)
  t.equal(smallestShare(sharesByReplica(answers(12, 12)), 4), 0, 'two replicas never answered')
  t.equal(smallestShare(sharesByReplica(answers(9, 3)), 2), 0.5)
  t.equal(smallestShare(sharesByReplica([]), 4), 0)
  t.ok(smallestShare(sharesByReplica(answers(6, 6, 6, 5, 1)), 4) > 0.8)
})

t.test('smallestShare() is at most 1 with the desired number of replicas', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 }), (counts) => {
      const share = smallestShare(sharesByReplica(answers(...counts)), counts.length)
      return share > 0 && share <= 1
    }),
  )
})
