import t from 'tap'
import { checkTask } from '../../../src/execution/check-task.ts'
import { BadParameters, checkedParams } from '../../../src/execution/prepare-task.ts'
import { copy } from '../../../src/modules/index.ts'
import { Secret } from '../../../src/values/secret.ts'

void t.test('a secret that was made part of a text is refused, not written as its mask', async (t) => {
  const password = new Secret('hunter22')
  const check = (content: string | Secret) => {
    const task = copy({ dest: '/etc/app', content })
    return checkedParams(checkTask(task), task.params)
  }
  t.throws(() => check(`password=${String(password)}`), {
    constructor: BadParameters,
    message: /copy: a text contains "\[REDACTED\]", which is how a secret prints: read the variable with defineVars/,
  })
  t.match(check(password), { dest: '/etc/app' })
})
