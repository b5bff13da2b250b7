import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { blockinfile } from '../../../../src/modules/core/blockinfile.ts'
import { lineinfile } from '../../../../src/modules/core/lineinfile.ts'
import { editLines, type LineEdit } from '../../../../src/modules/support/file-lines.ts'
import type { ModuleDefinition } from '../../../../src/modules/module.ts'
import { converge, runIn, shells } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'
import { runs } from '../../../support/seed.ts'

const edit = (text: string, request: Partial<LineEdit>): string =>
  editLines(text, { state: 'present', backrefs: false, ...request })

t.test('lineinfile edits text as Ansible does', async (t) => {
  const cases: [what: string, text: string, request: Partial<LineEdit>, expected: string][] = [
    ['adds a line at the end', 'a\n', { line: 'b' }, 'a\nb\n'],
    ['finishes an unfinished last line first', 'a', { line: 'b' }, 'a\nb\n'],
    ['makes the first line of an empty file', '', { line: 'b' }, 'b\n'],
    ['leaves a line that is there', 'b\na', { line: 'b' }, 'b\na'],
    ['leaves one with a carriage return', 'b\r\n', { line: 'b' }, 'b\r\n'],
    ['replaces the last match', '#p=1\np=2\nq\n', { regexp: '^#?p=', line: 'p=3' }, '#p=1\np=3\nq\n'],
    ['replaces an unfinished last line', 'q\np=1', { regexp: '^p=', line: 'p=3' }, 'q\np=3'],
    ['adds where nothing matches', 'q\n', { regexp: '^p=', line: 'p=3' }, 'q\np=3\n'],
    ['adds nothing where the line is there though nothing matches', 'x y\n', { regexp: '^z', line: 'x y' }, 'x y\n'],
    ['inserts after the last match', 'a\nb\na\nc\n', { insertafter: '^a', line: 'n' }, 'a\nb\na\nn\nc\n'],
    ['inserts at the end where no line matches', 'a\n', { insertafter: '^z', line: 'n' }, 'a\nn\n'],
    ['inserts before the last match', 'a\nb\na\nc\n', { insertbefore: '^a', line: 'n' }, 'a\nb\nn\na\nc\n'],
    ['inserts after the first match', 'a\nb\nn\n', { insertafter: '^a', firstmatch: true, line: 'n' }, 'a\nn\nb\nn\n'],
    [
      'leaves a line after the first match',
      'a\nn\na\n',
      { insertafter: 'a', firstmatch: true, line: 'n' },
      'a\nn\na\n',
    ],
    ['leaves one before it', 'n\na\n', { insertafter: '^a', firstmatch: true, line: 'n' }, 'n\na\n'],
    ['inserts before the first match', 'a\nn\n', { insertbefore: '^a', firstmatch: true, line: 'n' }, 'n\na\nn\n'],
    ['inserts at the beginning', 'a\n', { insertbefore: 'BOF', line: 'n' }, 'n\na\n'],
    [
      'fills in what was matched',
      'GRUB="quiet"\n',
      { regexp: '^(?<k>GRUB)="(.*)"$', line: '\\g<k>="\\2 cgroup"', backrefs: true },
      'GRUB="quiet cgroup"\n',
    ],
    ['adds nothing with backrefs', 'a\n', { regexp: '^z', line: 'n', backrefs: true }, 'a\n'],
    ['removes all that match', 'a1\nb\na2', { state: 'absent', regexp: '^a' }, 'b'],
    ['removes the line', 'a\nab\na\n', { state: 'absent', line: 'a' }, 'ab\n'],
    ['removes the only line', 'a', { state: 'absent', line: 'a' }, ''],
    ['removes nothing', 'a', { state: 'absent', line: 'z' }, 'a'],
  ]
  for (const [what, text, request, expected] of cases) {
    t.equal(edit(text, request), expected, what)
  }
})

t.test('a line inserted by lineinfile exists once, and other lines stay', async (t) => {
  const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\n\r]/.test(text))
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), line, (lines, finished, added) => {
      const text = lines.join('\n') + (finished && lines.length > 0 ? '\n' : '')
      const after = edit(text, { line: added })
      t.equal(edit(after, { line: added }), after)
      return after.split('\n').includes(added) && after.startsWith(text)
    }),
  )
})

t.test('lineinfile writes the edited text', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'sshd config')
    writeFileSync(path, '#Port 22\nX é\n', { mode: 0o640 })
    const run = converge(shell, lineinfile, { path, regexp: '^#?Port ', line: 'Port 2222', mode: '0644' })
    converged(t, run, [`update ${path}: Port 2222 (0644)`])
    t.equal(readFileSync(path, 'utf8'), 'Port 2222\nX é\n')
    t.equal(statSync(path).mode & 0o777, 0o644)
    const second = converge(shell, lineinfile, { path, line: 'Y' })
    t.same(second.before.changes[0]?.diff, { subject: path, before: 'Port 2222\nX é\n', after: 'Port 2222\nX é\nY\n' })
    converged(t, converge(shell, lineinfile, { path, regexp: '^Port', state: 'absent' }), [
      `remove from ${path}: lines that match ^Port`,
    ])
    converged(t, converge(shell, lineinfile, { path, line: 'Y', owner: 4321 }), [
      `change owner of ${path} to 4321:root (was root:root)`,
    ])
    t.equal(readFileSync(path, 'utf8'), 'X é\nY\n')
    t.same(readdirSync(folder), ['sshd config'])
  })
})

t.test('lineinfile with create creates the file, and with state absent accepts a missing file', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'a')
    t.equal(
      converge(shell, lineinfile, { path, line: 'x' }).before.problem,
      `${path} does not exist: set create: true to create it`,
    )
    converged(t, converge(shell, lineinfile, { path, line: 'x', state: 'absent' }), [])
    converged(t, converge(shell, lineinfile, { path, line: 'x', create: true, mode: '0600' }), [
      `create ${path}: x (0600)`,
    ])
    t.equal(readFileSync(path, 'utf8'), 'x\n')
  })
})

t.test('lineinfile keeps a link and writes its target', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'd'))
    writeFileSync(join(folder, "d/it's\n"), 'a\n')
    symlinkSync("d/it's\n", join(folder, 'l'))
    converged(t, converge(shell, lineinfile, { path: join(folder, 'l'), line: 'b' }), [`update ${folder}/l: b`])
    t.ok(lstatSync(join(folder, 'l')).isSymbolicLink())
    t.equal(readFileSync(join(folder, "d/it's\n"), 'utf8'), 'a\nb\n')
  })
})

t.test('lineinfile does not show a private file in a diff', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'sudoers')
    writeFileSync(path, 'old secret\n', { mode: 0o440 })
    const run = converge(shell, lineinfile, { path, line: 'ann ALL', validate: 'grep -q ann %s' })
    converged(t, run, [`update ${path}: ann ALL`])
    t.notMatch(JSON.stringify(run.before.changes[0]?.diff), 'secret')
  })
})

t.test('lineinfile writes any line exactly', async (t) => {
  const line = fc.string({
    unit: fc.constantFrom("'", '"', '\\', '-', '%', '$', '`', '!', 'é', '漢', '\u{1F600}', ' ', '\t', 'n', '&'),
  })
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'any')
    fc.assert(
      fc.property(line, (text) => {
        writeFileSync(path, 'first')
        const run = converge(shell, lineinfile, { path, line: text })
        t.same(run.after.changes, [])
        return readFileSync(path, 'utf8') === `first\n${text}\n`
      }),
      { numRuns: runs(8), examples: [['-n'], ['%s\\c'], ["'"]] },
    )
  })
})

t.test('lineinfile reports files that it cannot edit', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'a')
    const problem = (at: string): string | undefined =>
      converge(shell, lineinfile, { path: at, line: 'x', create: true }).before.problem
    writeFileSync(path, Buffer.from([0xff, 0x0a]))
    t.equal(problem(path), `${path} is not UTF-8 text`)
    truncateSync(path, 1_048_577)
    t.equal(problem(path), `${path} has 1048577 bytes: this module supports up to 1048576`)
    t.match(problem(folder), 'is a directory')
    t.match(problem(join(folder, 'no/a')), `directory ${folder}/no does not exist`)
    symlinkSync('nowhere', join(folder, 'l'))
    t.match(problem(join(folder, 'l')), 'is a dangling link')
  })
  const why = (params: object): string =>
    lineinfile.definition.schema
      .safeParse(params)
      .error?.issues.map(({ message }) => message)
      .join() ?? ''
  t.match(why({ path: '/a', regexp: '(a', line: 'x' }), 'the regular expression "(a" is wrong or not supported')
  t.match(why({ path: '/a', line: 'x\ny' }), 'one line')
  t.match(why({ path: '/a' }), 'line is required')
})

t.test('check mode knows that an earlier task makes the directory of a new file', async (t) => {
  for (const { definition } of [lineinfile, blockinfile] as unknown as { readonly definition: ModuleDefinition }[]) {
    const given = {
      path: '/nosuch/d/f',
      create: true,
      ...(definition.name === 'lineinfile' ? { line: 'a' } : { block: 'a' }),
    }
    const params = definition.schema.parse(given)
    const observed = runIn(shells[0], definition.probe(params, {}))
    t.match(definition.plan(params, observed, {}, {}).problem, 'directory /nosuch/d does not exist')
    const after = (changed: Record<string, unknown>) =>
      definition.planAfter?.(params, observed, { changed, known: changed }, {}, {})
    t.match(
      after({ 'directory:/nosuch/d': true })?.changes,
      [{ description: /^create \/nosuch\/d\/f/ }],
      definition.name,
    )
    t.equal(after({ '/nosuch/d/f': Buffer.from('x') }), undefined)
  }
})
