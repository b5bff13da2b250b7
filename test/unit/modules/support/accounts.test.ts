import t from 'tap'
import { accountExists, entryOf } from '../../../../src/modules/support/accounts.ts'
import { runIn, shells } from '../../../support/shells.ts'

for (const shell of shells) {
  t.test(`${shell.name}: accounts are found without getent`, async (t) => {
    const bare = (script: string) => runIn(shell, `command() { return 1; }\n${script}`)
    t.match(bare(entryOf('passwd', 'root')).stdout, /^root:[^\n]*\n$/)
    t.match(bare(entryOf('group', '0')).stdout, /^root:[^\n]*\n$/)
    t.equal(bare(accountExists('passwd', 'r..t')).exitCode, 1, 'a dot in a name is no wildcard')
    t.equal(bare(accountExists('group', 'root')).exitCode, 0)
  })
}
