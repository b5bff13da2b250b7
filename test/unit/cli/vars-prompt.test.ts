import t from 'tap'
import { play, Secret } from '../../../src/labbook.ts'
import { withPromptedVars } from '../../../src/cli/vars-prompt.ts'

const web = play('Web', {
  hosts: 'web',
  vars: { kept: 1 },
  vars_prompt: [
    { name: 'release', prompt: 'Which release?', default: 'stable', private: false },
    { name: 'password', confirm: true },
  ],
})
const other = play('Other', { hosts: 'all' })

/** Answers questions in order, and records them. */
function answering(...answers: string[]) {
  const asked: string[] = []
  const ask = async (message: string, isPrivate: boolean): Promise<string> => {
    asked.push(`${message}${isPrivate ? ' (hidden)' : ''}`)
    return Promise.resolve(answers[asked.length - 1] ?? '')
  }
  return { asked, ask }
}

const varsOf = (steps: Awaited<ReturnType<typeof withPromptedVars>>): Readonly<Record<string, unknown>> =>
  (steps[0]?.kind === 'play' ? steps[0].vars : undefined) ?? {}

t.test('answers become variables of their play; private ones are secrets, asked twice with confirm', async (t) => {
  const errors = t.capture(process.stderr, 'write')
  const { asked, ask } = answering('edge', 'one', 'two', 'three', 'three')
  const steps = await withPromptedVars([web, other], {}, ask)
  errors.restore()
  t.strictSame(asked, [
    'Which release?',
    'password (hidden)',
    'confirm password (hidden)',
    'password (hidden)',
    'confirm password (hidden)',
  ])
  const { kept, release, password } = varsOf(steps)
  t.strictSame([kept, release], [1, 'edge'])
  t.ok(password instanceof Secret)
  t.equal((password as Secret).reveal(), 'three')
  t.equal(steps[1], other)
})

t.test('what --extra-vars sets is not asked for', async (t) => {
  const { asked, ask } = answering('edge')
  const steps = await withPromptedVars([web], { password: 'given' }, ask)
  t.strictSame(asked, ['Which release?'])
  t.notOk('password' in varsOf(steps))
})

t.test('where nobody can be asked, defaults are used, and a question without one is an error', async (t) => {
  t.equal(varsOf(await withPromptedVars([web], { password: 'given' }, undefined))['release'], 'stable')
  await t.rejects(withPromptedVars([web], {}, undefined), {
    message: 'play "Web" asks for password, and nobody can be asked: set it with -e password=VALUE',
  })
})

t.test('a question with an unknown key is refused', async (t) => {
  const question = { name: 'a', encrypt: 'sha512_crypt' }
  t.throws(() => play('P', { hosts: 'all', vars_prompt: [question] }), {
    message: /^play "P": vars_prompt must be a list/,
  })
})
