import t from 'tap'
import { setup } from '../../../../src/modules/core/setup.ts'
import { converge, shells } from '../../../support/shells.ts'

for (const shell of shells) {
  t.test(`${shell.name}: setup gathers facts`, async (t) => {
    const facts = converge(shell, setup, {}).before.values
    t.ok((facts?.processor_vcpus ?? 0) > 0)
    t.ok((facts?.memtotal_mb ?? 0) > 0)
    t.match(facts?.boot_id, /^[0-9a-f-]{36}$/)
    t.match(facts?.kernel, /^\d+\.\d+/)
    t.ok(facts?.distribution)
    t.same(facts, { ...converge(shells[0], setup, {}).before.values, memavailable_mb: facts?.memavailable_mb })
  })
}
