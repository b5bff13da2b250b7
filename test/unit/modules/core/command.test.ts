import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { command } from '../../../../src/modules/core/command.ts'
import { shell as shellModule } from '../../../../src/modules/core/shell.ts'
import { splitWords } from '../../../../src/modules/support/split-words.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { converge, runIn, shells } from '../../../support/shells.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

const outcome = (run: ReturnType<typeof converge<typeof command.definition.schema, unknown>>) =>
  run.applied.map(({ stdout, exitCode }) => ({ stdout, exitCode }))

t.test('splitWords splits as a shell does', async (t) => {
  const lines = [
    'a b',
    '  a   b ',
    "'a b' c",
    '"a b"c',
    'a\\ b',
    '"a\\"b" \'c"d\'',
    "''",
    'a\'b\'"c"d',
    '"\\$x \\n"',
    'é "漢 字"',
    'a\\\\b',
  ]
  for (const { name, argv } of shells) {
    for (const line of lines) {
      const printed = runIn(
        { name, argv } as (typeof shells)[number],
        `for w in ${line}; do printf '<%s>' "$w"; done`,
      ).stdout
      t.equal(
        splitWords(line)
          .map((word) => `<${word}>`)
          .join(''),
        printed,
        `${name}: ${line}`,
      )
    }
  }
  t.same(splitWords('ls *.txt | wc; $HOME'), ['ls', '*.txt', '|', 'wc;', '$HOME'])
  t.throws(() => splitWords("echo 'a"), { message: "unclosed quote in: echo 'a" })
})

t.test('a command is always a change; its output is the result', async (t) => {
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

t.test('a command is a program, never a word of the shell that runs the script', async (t) => {
  inEachShell(t, (t, shell) => {
    t.equal(converge(shell, command, { argv: ['if'] }).applied[0]?.exitCode, 127)
    t.equal(converge(shell, command, { argv: ['printf', '%s', 'A=b', "it's"] }).applied[0]?.stdout, "A=bit's")
  })
})

t.test('creates and removes decide whether a command runs', async (t) => {
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

t.test('read_only runs in the probe and reports no change', async (t) => {
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

t.test('stdin reaches the program', async (t) => {
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

t.test('shell supports pipes, variables and several lines', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    writeFileSync(join(folder, 'a'), '')
    const run = converge(shell, shellModule, { cmd: "x='a b'\nprintf '%s\\n' \"$x\" * | tr a-z A-Z", chdir: folder })
    t.equal(run.applied[0]?.stdout, 'A B\nA\n')
  })
})

t.test('a syntax error or exit in shell text does not affect the script around it', async (t) => {
  inEachShell(t, (t, shell) => {
    const { definition } = shellModule
    const text = (cmd: string): string => definition.probe(definition.schema.parse({ cmd, read_only: true }), {})
    t.equal(runIn(shell, `${text('exit 3')}\necho "then $?"`).stdout, 'then 3\n')
    t.match(runIn(shell, `(\n${text('if')}\n)\necho "then $?"`).stdout, /^then [^0]/)
  })
})

t.test('another interpreter can read the text', async (t) => {
  inEachShell(t, (t, shell) => {
    const run = converge(shell, shellModule, { cmd: 'a=(1 2 3); echo "${a[2]}"; cat; exit 5', executable: '/bin/bash' })
    t.same(run.applied, [{ stdout: '3\n', stderr: '', exitCode: 5 }])
  })
})

t.test('a missing chdir fails with its name', async (t) => {
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
