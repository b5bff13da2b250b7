import t from 'tap'
import { assert } from '../../../../src/modules/core/assert.ts'

t.test('assert reports a problem if a condition is false', async (t) => {
  const { definition } = assert
  const plan = (params: object) =>
    definition.plan(definition.schema.parse(params), { stdout: '', stderr: '', exitCode: 0 }, {}, {})
  t.same(plan({ that: [true, true] }), { changes: [], values: { msg: 'All assertions passed' } })
  t.equal(plan({ that: false }).problem, 'Assertion failed')
  t.equal(plan({ that: [true, false], fail_msg: 'too few nodes' }).problem, 'too few nodes (condition 2 of 2)')
})
