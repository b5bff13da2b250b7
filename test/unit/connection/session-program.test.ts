import t from 'tap'
import { wrapScript, sessionCommand, sessionPreamble } from '../../../src/connection/session-program.ts'
import { Secret } from '../../../src/values/secret.ts'

t.test('session command line parses the same in any login shell and contains no secret', async (t) => {
  const password = new Secret('tr0ub4dor')
  const commands = [undefined, { user: 'app' }, { user: 'app', password }].map((become) =>
    sessionCommand('token', become),
  )
  for (const command of commands) {
    const [before, quoted, after, ...more] = command.split("'")
    t.notMatch(quoted, /[!\\\n]/, command)
    t.notMatch(before, /[!\\\n"$`*?~(){}<>|&;#]/, command)
    t.same([after, more], ['', []], command)
    t.notMatch(command, 'tr0ub4dor', command)
  }
})

t.test('sudo runs with -n without a password, and with -S -k with one', async (t) => {
  t.match(sessionCommand('token', { user: 'app' }), 'sudo -H -n -u app sh ')
  t.match(
    sessionCommand('token', { user: 'app', password: new Secret('x') }),
    'sudo -H -S -k -p token-password-%p: -u app sh ',
  )
})

t.test('password is followed by empty lines, for sudo asking again, and then by the token', async (t) => {
  t.match(sessionPreamble('token', 'ready', 'pass word'), /^pass word\n{10,}token\n/)
  t.match(sessionPreamble('token', 'ready'), /^\ntoken\n/)
})

t.test('time limit is rounded up to whole seconds, at least one', async (t) => {
  t.match(wrapScript('true', 'mark', 0.2), 'lb_run mark 1 ')
  t.match(wrapScript('true', 'mark', 1.2), 'lb_run mark 2 ')
})
