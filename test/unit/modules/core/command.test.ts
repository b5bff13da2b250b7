import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { command } from '../../../../src/modules/core/command.ts'
import { shell as shellModule } from '../../../../src/modules/core/shell.ts'
import type { CommandValues } from '../../../../src/modules/support/run-command.ts'
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
    t.equal(converge(shell, command, { cmd: 'cat', stdin: '' }).applied[0]?.stdout, '', 'no newline')
    t.equal(converge(shell, shellModule, { cmd: 'read -r a; echo "<$a>"', stdin: 'x' }).applied[0]?.stdout, '<x>\n')
    t.equal(
      converge(shell, shellModule, { cmd: 'read -r a; echo "<$a>"', stdin: 'x', executable: '/bin/bash' }).applied[0]
        ?.stdout,
      '<x>\n',
    )
  })
})

t.test('a missing chdir is a problem before the command runs, whatever it creates', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const chdir = '/no/such/folder'
    for (const more of [{}, { creates: folder }, { removes: '/no/such/file' }]) {
      const { problem, changes, reads } = converge(shell, command, { cmd: 'true', chdir, ...more }).before
      t.equal(problem, 'chdir: /no/such/folder is not a directory on this host')
      t.same(changes, [])
      t.match(reads, [chdir], 'an earlier task may create it')
    }
    const { applied } = converge(shell, command, { cmd: 'true', chdir, read_only: true })
    t.same(applied, [])
  })
})

t.test('creates and removes match as globs do in Ansible', async (t) => {
  const rows: readonly [pattern: string, files: readonly string[], matches: boolean][] = [
    ['x*', ['x1'], true],
    ['x*', ['y1'], false],
    ['*', ['.hidden'], false],
    ['?.log', ['a.log'], true],
    ['?.log', ['ab.log'], false],
    ['[ab]', ['b'], true],
    ['[!ab]', ['b'], false],
    ['[!ab]', ['c'], true],
    ['[^a]', ['b'], false],
    ['[^a]', ['^'], true],
    ['[a-c]x', ['bx'], true],
    ['[]]', [']'], true],
    ['[', ['['], true],
    ['a b*', ['a b c'], true],
    ["it's $HOME*", ["it's $HOME;"], true],
    ['{a,b}', ['a'], false],
    ['{a,b}', ['{a,b}'], true],
    ['d*/x', ['d1/x'], true],
    ['**', ['a'], true],
    ['-n*', ['-n1'], true],
  ]
  inEachShell(t, (t, shell, folder) => {
    for (const [place, [pattern, files, matches]] of rows.entries()) {
      const there = join(folder, String(place))
      mkdirSync(there)
      for (const file of files) {
        mkdirSync(dirname(join(there, file)), { recursive: true })
        writeFileSync(join(there, file), '')
      }
      const row = `${pattern} with ${files.join(', ')}`
      const runs = (params: object): boolean =>
        converge(shell, command, { cmd: 'true', ...params }).before.changes.length === 1
      t.equal(runs({ creates: join(there, pattern) }), !matches, `creates ${row}`)
      t.equal(runs({ removes: join(there, pattern) }), matches, `removes ${row}`)
    }
    symlinkSync('nowhere', join(folder, 'dangling'))
    t.equal(converge(shell, command, { cmd: 'true', creates: join(folder, 'dang*') }).before.changes.length, 0)
  })
})

t.test('the words of a command mean what they mean in Ansible', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const home = process.env['HOME'] ?? ''
    const rows: readonly [params: object, prints: string][] = [
      [{ cmd: `printf '%s|' ~ ~/x "~/a b" a~ ~/ x~/y` }, `${home}|${home}/x|${home}/a b|a~|${home}/|x~/y|`],
      [
        { argv: ['printf', '%s|', '~/$HOME', '~root/x', '~~', '~no-such-user'] },
        `${home}/$HOME|/root/x|~~|~no-such-user|`,
      ],
      [{ argv: ['printf', '%s|', 5, 1.5, -3] }, '5|1.5|-3|'],
      [{ cmd: `printf '%s|' "a\\$b" "\\\\c" "\\"d"` }, 'a\\$b|\\c|"d|'],
    ]
    for (const [params, prints] of rows)
      t.equal(
        converge(shell, command, { chdir: folder, ...params }).applied[0]?.stdout,
        prints,
        `command ${JSON.stringify(params)}`,
      )
  })
})

t.test('stdout_lines are those of Ansible', async (t) => {
  const params = command.definition.schema.parse({ cmd: 'x' })
  for (const [stdout, lines] of [
    ['a\rb\r\nc\n\n', ['a', 'b', 'c']],
    ['a\vb\fc\u2028d\u0085e\x1cf', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['\n a \n', ['', ' a ']],
    ['a\v\n', ['a']],
    ['\n', []],
  ] as const) {
    const result = command.definition.result?.(params, [{ stdout, stderr: stdout, exitCode: 0 }])
    const { stdout_lines, stderr_lines } = result?.values as CommandValues
    t.strictSame([stdout_lines, stderr_lines], [lines, lines], `the row of ${lines.length} lines`)
  }
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
