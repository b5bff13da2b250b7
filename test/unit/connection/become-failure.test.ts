import t from 'tap'
import { explainBecomeFailure, explainPasswordRefusal } from '../../../src/connection/become-failure.ts'

const who = { host: 'node1', login: 'ops', user: 'root', passwordUser: 'ops' }

t.test("sudo-rs' own words are understood, as version 0.2.15 prints them", async (t) => {
  const cases: [string, RegExp][] = [
    ['sudo: interactive authentication is required\n', /sudo asks ops for a password, and none is set/],
    ["sudo: I'm sorry ops. I'm afraid I can't do that\n", /ops may not become root: allow it in/],
    ["sudo: user 'root' not found\n", /become user "root" does not exist/],
    [
      'sudo: Authentication failed, try again.\nsudo: maximum 3 incorrect authentication attempts\n',
      /sudo rejected the/,
    ],
  ]
  for (const [printed, message] of cases) t.match(explainBecomeFailure(who, printed), message, printed)
  t.equal(
    explainBecomeFailure(who, 'sudo: something new\n'),
    'node1: ops could not become root; sudo printed: sudo: something new',
  )
})

t.test('a second prompt means a wrong password, or a question beyond it', async (t) => {
  const wrong =
    'node1: sudo rejected the password of ops: enter the right one with -K, or correct ansible_become_password'
  const more = 'node1: sudo asks ops for more than a password to become root'
  const cases: [name: string, between: string, after: string, message: string][] = [
    ['sudo', 'Sorry, try again.\n', '', wrong],
    ['sudo, with a custom message', 'Nope!\n', '', `${wrong}; sudo printed: Nope!`],
    ['sudo, with a locked account', 'The account is locked.\nSorry, try again.\n', '', `${wrong}; sudo printed: The`],
    ['sudo, which hides the question', '', '', `${more}. Labbook`],
    ['sudo, with the question', 'Verification code: ', '', `${more}: "Verification code:". Labbook`],
    ['sudo-rs', '] Password: \nsudo: Authentication failed, try again.\n[sudo: ', '] Password: ', wrong],
    [
      'sudo-rs, with a question',
      '] Password: \n[sudo: ',
      '] Verification code: ',
      `${more}: "Verification code:". Lab`,
    ],
  ]
  for (const [name, between, after, message] of cases)
    t.ok(explainPasswordRefusal(who, between, after).startsWith(message), name)
})

t.test('a missing program is named', async (t) => {
  for (const printed of ["env: 'sudo': No such file or directory\n", 'sh: 1: sudo: not found\n'])
    t.match(explainBecomeFailure(who, printed), /^node1: sudo is not installed/, printed)
  t.equal(
    explainBecomeFailure({ ...who, exe: '/opt/sudo' }, "env: '/opt/sudo': No such file or directory\n"),
    'node1: "/opt/sudo" cannot be run on node1: correct ansible_become_exe',
  )
})
