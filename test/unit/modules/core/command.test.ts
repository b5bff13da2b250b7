import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { command } from '../../../../src/modules/core/command.ts'
import { shell as shellModule } from '../../../../src/modules/core/shell.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { converge } from '../../../support/shells.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

const outcome = (run: ReturnType<typeof converge<typeof command.definition.schema, unknown>>) =>
  run.applied.map(({ stdout, exitCode }) => ({ stdout, exitCode }))

t.test('command is always a change, and its output is the result', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const run = converge(shell, command, { cmd: `printf '%s|' "a b" * $HOME`, chdir: folder })
    t.same(descriptions(run.before), [`run in ${folder}: printf '%s|' "a b" * $HOME`])
    t.same(outcome(run), [{ stdout: 'a b|*|$HOME|', exitCode: 0 }])
    t.equal(descriptions(run.after).length, 1)
    const params = command.definition.schema.parse({ cmd: 'x' })
    t.same(command.definition.result?.(params, [{ stdout: 'a\nb\n', stderr: '', exitCode: 0 }]), {
      values: { cmd: 'x', stdout: 'a\nb', stderr: '', rc: 0, stdout_lines: ['a', 'b'], stderr_lines: [] },
    })
    t.equal(
      command.definition.result?.(params, [{ stdout: '', stderr: 'first\nlast\n', exitCode: 3 }]).failed,
      'non-zero return code 3: last',
    )
  })
})

t.test('command runs a program, never a keyword or assignment of the shell that runs the script', async (t) => {
  inEachShell(t, (t, shell) => {
    t.equal(converge(shell, command, { argv: ['if'] }).applied[0]?.exitCode, 127)
    t.equal(converge(shell, command, { argv: ['printf', '%s', 'A=b', "it's"] }).applied[0]?.stdout, "A=bit's")
  })
})

t.test('creates and removes decide whether command and shell run', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const made = join(folder, 'made')
    const first = converge(shell, command, { argv: ['touch', made], creates: made })
    t.equal(descriptions(first.before).length, 1)
    t.ok(existsSync(made))
    t.same(first.after.changes, [])
    t.match(first.after.values, { rc: 0, stdout: `skipped, since ${made} exists` })
    const second = converge(shell, shellModule, { cmd: `rm ${made}`, removes: made })
    t.equal(descriptions(second.before).length, 1)
    t.notOk(existsSync(made))
    t.match(second.after.values, { stdout: `skipped, since ${made} does not exist` })
  })
})

t.test('command and shell with read_only run in the probe and report no change', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'd'))
    const run = converge(shell, command, { cmd: 'ls', chdir: folder, read_only: true })
    t.same(run.before.changes, [])
    t.match(run.before.values, { stdout: 'd', rc: 0, stdout_lines: ['d'] })
    const failed = converge(shell, shellModule, { cmd: 'echo oops >&2; exit 4', read_only: true })
    t.equal(failed.before.problem, 'non-zero return code 4: oops')
    t.match(failed.before.values, { rc: 4, stderr: 'oops' })
  })
})

t.test('stdin of command and shell reaches the program', async (t) => {
  inEachShell(t, (t, shell) => {
    t.equal(converge(shell, command, { cmd: 'cat', stdin: '-n \\t' }).applied[0]?.stdout, '-n \\t\n')
    t.equal(
      converge(shell, command, { cmd: 'cat', stdin: new Secret("s'1"), stdin_add_newline: false }).applied[0]?.stdout,
      "s'1",
    )
    t.equal(converge(shell, command, { cmd: 'cat' }).applied[0]?.stdout, '')
    t.equal(converge(shell, shellModule, { cmd: 'read -r a; echo "<$a>"', stdin: 'x' }).applied[0]?.stdout, '<x>\n')
    t.equal(
      converge(shell, shellModule, { cmd: 'read -r a; echo "<$a>"', stdin: 'x', executable: '/bin/bash' }).applied[0]
        ?.stdout,
      '<x>\n',
    )
  })
})

t.test('command in a missing chdir fails and names it', async (t) => {
  inEachShell(t, (t, shell) => {
    const { exitCode, stderr } = converge(shell, command, { cmd: 'true', chdir: '/no/such/folder' }).applied[0] ?? {
      exitCode: 0,
      stderr: '',
    }
    t.not(exitCode, 0)
    t.match(stderr, '/no/such/folder')
  })
})

t.test('command and shell reject contradictory parameters', async (t) => {
  const why = (params: object): string =>
    command.definition.schema
      .safeParse(params)
      .error?.issues.map(({ message }) => message)
      .join() ?? ''
  t.match(why({}), 'set either cmd or argv')
  t.match(why({ cmd: 'a', read_only: true, creates: '/a' }), 'read_only cannot be combined with creates or removes')
  t.match(why({ cmd: "a 'b" }), 'unclosed quote')
  t.match(why({ cmd: '  ' }), 'the command is empty')
})
