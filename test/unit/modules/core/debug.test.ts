import t from 'tap'
import { debug } from '../../../../src/modules/core/debug.ts'
import { converge, shells } from '../../../support/shells.ts'

for (const shell of shells) {
  t.test(`${shell.name}: debug returns its value and changes nothing`, async (t) => {
    t.same(converge(shell, debug, { msg: { a: [1] } }).after, {
      changes: [],
      values: { msg: { a: [1] } },
      msg: '{\n  "a": [\n    1\n  ]\n}',
    })
  })
}
