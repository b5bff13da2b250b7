import { execFileSync } from 'node:child_process'
import t from 'tap'
import { shareCommands } from '../../../src/shell/shared-commands.ts'

const GREET = 'if [ -n "$lb_name" ]; then printf \'hello %s\\n\' "$lb_name"; else false; fi'

const outputOf = (parts: readonly string[]): string =>
  execFileSync('sh', ['-c', parts.join('\n')], { encoding: 'utf8' })

t.test('a command that occurs several times becomes a function, with the same output and exit code', async (t) => {
  const scripts = [`lb_name=Ada; ${GREET}; echo $?`, `lb_name=; ${GREET} || echo nobody`, 'echo other']
  const shared = shareCommands(scripts, [GREET, GREET])
  t.same(shared.functions, [`lb_shared0() {\n${GREET}\n}`])
  t.same(shared.scripts, ['lb_name=Ada; lb_shared0; echo $?', 'lb_name=; lb_shared0 || echo nobody', 'echo other'])
  const output = outputOf([...shared.functions, ...shared.scripts])
  t.equal(output, outputOf(scripts))
  t.equal(output, 'hello Ada\n0\nnobody\nother\n')
})

t.test('a command that occurs once, or is short, stays', async (t) => {
  const scripts = [GREET, 'echo hello', 'echo hello']
  t.same(shareCommands(scripts, [GREET, 'echo hello', 'echo absent']), { functions: [], scripts })
})

t.test('a command that contains another one is replaced first', async (t) => {
  const inner = 'printf \'%s\\n\' "the inner command, long enough to be shared"'
  const outer = `{ ${inner}; echo outer; }`
  const scripts = [outer, `${outer}\n${inner}`, inner]
  const shared = shareCommands(scripts, [inner, outer])
  t.same(shared.scripts, ['lb_shared0', 'lb_shared0\nlb_shared1', 'lb_shared1'])
  t.equal(outputOf([...shared.functions, ...shared.scripts]), outputOf(scripts))
})
