import t from 'tap'
import { lab_preflight } from '../../../../src/modules/lab/preflight.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { planFor } from './planned.ts'

await t.test('lab_preflight lists all missing requirements in one message, and the alternative', async (t) => {
  t.strictSame(planFor(lab_preflight, {}, 'system Linux\n').changes, [])
  t.equal(planFor(lab_preflight, {}, 'system Linux\n').problem, undefined)
  const { problem } = planFor(lab_preflight, {}, 'system Darwin\nlacks linux\nlacks root\n')
  t.match(problem, /missing: Linux; root \(run it with sudo\)\. Use your own machines instead: .*inventory\.yaml/)
})

for (const shell of shells) {
  await t.test(`${shell.name}: lab_preflight probe prints the system`, async (t) => {
    t.match(runIn(shell, lab_preflight.definition.probe({}, {})).stdout, /^system \w+\n/)
  })
}
