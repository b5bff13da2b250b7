import t from 'tap'
import { exchangeText, sessionCommand, sessionOpening } from '../../../src/connection/program.ts'
import { Secret } from '../../../src/values/secret.ts'

t.test("a session's command line is one that any login shell reads alike, and holds no secret", async (t) => {
  const password = new Secret('tr0ub4dor')
  const commands = [undefined, { user: 'app' }, { user: 'app', password }].map((become) =>
    sessionCommand('gate', become),
  )
  for (const command of commands) {
    const [before, quoted, after, ...more] = command.split("'")
    t.notMatch(quoted, /[!\\\n]/)
    t.notMatch(before, /[!\\\n"$`*?~(){}<>|&;#]/)
    t.same([after, more], ['', []])
    t.notMatch(command, 'tr0ub4dor')
  }
})

t.test('sudo must not ask where there is no password, and must ask where there is one', async (t) => {
  t.match(sessionCommand('gate', { user: 'app' }), 'sudo -H -n -u app sh ')
  t.match(
    sessionCommand('gate', { user: 'app', password: new Secret('x') }),
    'sudo -H -S -k -p gate-password-%p: -u app sh ',
  )
})

t.test('a password is followed by empty lines, which sudo gets if it asks again, and then by the gate', async (t) => {
  t.match(sessionOpening('gate', 'ready', 'pass word'), /^pass word\n{10,}gate\n/)
  t.match(sessionOpening('gate', 'ready'), /^\ngate\n/)
})

t.test('a time limit is given in whole seconds, never below one', async (t) => {
  t.match(exchangeText('true', 'mark', 0.2), 'lb_run mark 1 ')
  t.match(exchangeText('true', 'mark', 1.2), 'lb_run mark 2 ')
})
