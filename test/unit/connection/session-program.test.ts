import t from 'tap'
import { wrapScript, sessionCommand, sessionPreamble } from '../../../src/connection/session-program.ts'
import { Secret } from '../../../src/values/secret.ts'

t.test('session command line parses the same in any login shell and contains no secret', async (t) => {
  const password = new Secret('tr0ub4dor')
  const becomes = [undefined, { user: 'app' }, { user: 'app', password }]
  const sudo = { exe: '/opt/sudo', flags: ['-i', '-E'] }
  const commands = becomes.flatMap((become) => [sessionCommand('token', become), sessionCommand('token', become, sudo)])
  for (const command of commands.map((one) => one.replace(/^echo token-login; /, ''))) {
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

t.test('sudo -i and -s, which quote no dollar sign, get a command without one', async (t) => {
  for (const flag of ['-i', '-Es', '--login', '--shell']) {
    const command = sessionCommand('token', { user: 'app' }, { exe: 'sudo', flags: [flag] })
    t.notMatch(command, /[$]/, command)
    t.match(command, `sudo ${flag} -n -u app sh -c '`)
  }
  t.match(sessionCommand('token', { user: 'app' }, { exe: 'sudo', flags: ['-g', 'sys'] }), '"$line"')
})

t.test('with -A a program on the host gives the password', async (t) => {
  t.match(sessionCommand('token', { user: 'app' }, { exe: 'sudo', flags: ['-A'] }), 'sudo -A -u app sh ')
})

t.test('no line of a script begins like the end of its here-document, if that is possible', async (t) => {
  const endOf = (script: string): string => wrapScript(script, 'lbmark', 1).match(/<<'(.)lbmark'/)?.[1] ?? ''
  t.not(endOf('@a\nlb\n'), '@')
  t.not(endOf('x\n@a'), '@')
  const all = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
  t.equal(endOf([...all, ...all.filter((one) => one !== 'V')].join('\n')), 'V', 'or as few as possible')
})

t.test('password is followed by empty lines, for sudo asking again, and then by the token', async (t) => {
  t.match(sessionPreamble('token', 'ready', 'pass word'), /^pass word\n{10,}token\n/)
  t.match(sessionPreamble('token', 'ready'), /^\ntoken\n/)
})

t.test('time limit is rounded up to whole seconds, at least one', async (t) => {
  t.match(wrapScript('true', 'mark', 0.2), 'lb_run mark 1 ')
  t.match(wrapScript('true', 'mark', 1.2), 'lb_run mark 2 ')
})
