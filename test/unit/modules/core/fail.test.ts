import t from 'tap'
import { fail } from '../../../../src/modules/core/fail.ts'
import { converge, shells } from '../../../support/shells.ts'

for (const shell of shells) {
  t.test(`${shell.name}: fail reports its message as the problem`, async (t) => {
    t.equal(converge(shell, fail, { msg: 'not on this machine' }).before.problem, 'not on this machine')
  })
}
