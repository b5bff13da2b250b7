import t from 'tap'
import { pendingReason, parseRollout } from '../../../../src/modules/kubernetes/rollout.ts'

t.test('pendingReason() describes an incomplete rollout', async (t) => {
  const missing = (kind: string, line: string) => pendingReason(kind, parseRollout(line))
  t.equal(missing('Deployment', '2|1|4|4|4|4|4'), 'spec update not observed yet')
  t.equal(missing('Deployment', '2|2|4|1|5|4|4'), '1 of 4 pods updated')
  t.equal(missing('Deployment', '2|2|4|4|5|5|5'), '1 old pods pending termination')
  t.equal(missing('Deployment', '2|2|4|4|4|3|'), '0 of 4 pods available')
  t.equal(missing('Deployment', '2|2|0||||'), undefined)
  t.equal(missing('StatefulSet', '1|1|3|3|3|3|3|a|a'), undefined)
  t.equal(missing('StatefulSet', '1|1|3|1|3|3|3|a|b'), '1 of 3 pods updated')
  t.equal(missing('StatefulSet', '1|1|3||||'), '0 of 3 pods ready')
  t.equal(missing('DaemonSet', '1|1|2|2|2|2|2'), undefined)
  t.equal(missing('DaemonSet', '1|1|2|2|2|2|1'), '1 of 2 pods available')
})
