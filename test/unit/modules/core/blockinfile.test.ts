import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blockinfile } from '../../../../src/modules/core/blockinfile.ts'
import { replace } from '../../../../src/modules/core/replace.ts'
import { converge } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'

/* Texts are compared with Ansible's in text-edits.test.ts, files in ansible-cases.test.ts. */

t.test('blockinfile writes, changes and removes a block', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, "it's a file")
    writeFileSync(path, 'first\nlast\n', { mode: 0o640 })
    const params = { path, marker: '// {mark}', insertbefore: '^last' }
    const run = converge(shell, blockinfile, { ...params, block: "$HOME `x`\n'é'", mode: '0644' })
    converged(t, run, [`update ${path}: block "// BEGIN" (0644)`])
    t.equal(readFileSync(path, 'utf8'), "first\n// BEGIN\n$HOME `x`\n'é'\n// END\nlast\n")
    t.equal(statSync(path).mode & 0o777, 0o644)
    converged(t, converge(shell, blockinfile, { ...params, block: 'x' }), [`update ${path}: block "// BEGIN"`])
    t.equal(readFileSync(path, 'utf8'), 'first\n// BEGIN\nx\n// END\nlast\n')
    converged(t, converge(shell, blockinfile, { ...params, state: 'absent' }), [`remove block "// BEGIN" from ${path}`])
    t.equal(readFileSync(path, 'utf8'), 'first\nlast\n')
    const other = join(folder, 'new')
    t.equal(
      converge(shell, blockinfile, { path: other, block: 'x' }).before.problem,
      `${other} does not exist: set create: true to create it`,
    )
    converged(t, converge(shell, blockinfile, { path: other, block: 'x', create: true }), [
      `create ${other}: block "# BEGIN ANSIBLE MANAGED BLOCK"`,
    ])
  })
})

t.test('replace replaces all matches', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'f')
    writeFileSync(path, 'port=1\nport=2\n[end]\nport=3\n')
    const run = converge(shell, replace, {
      path,
      regexp: '^port=(\\d)$',
      replace: "p '\\1'",
      before: '\\[end\\]',
    })
    converged(t, run, [`update ${path}: replace ^port=(\\d)$`])
    t.equal(readFileSync(path, 'utf8'), "p '1'\np '2'\n[end]\nport=3\n")
    t.match(converge(shell, replace, { path, regexp: 'p', replace: 'pp' }).before.problem, 'do not converge')
    t.match(converge(shell, replace, { path: join(folder, 'no'), regexp: 'p' }).before.problem, 'does not exist')
  })
})

t.test('a replacement names groups of the regexp, whether it matches or not', (t) => {
  const problem = (params: object) =>
    replace.definition.schema.safeParse({ path: '/f', regexp: '(?P<k>a)|b', ...params }).error?.issues[0]?.message
  t.equal(problem({ replace: '\\1 \\g<k> \\g<0>' }), undefined)
  t.match(problem({ replace: '\\2' }), 'has no group 2')
  t.match(problem({ replace: '\\g<other>' }), 'has no group "other"')
  t.end()
})

t.test('parameters of Ansible that are left out are refused by name', (t) => {
  const why = ({ definition }: typeof blockinfile | typeof replace, params: object): string =>
    definition.schema
      .safeParse(params)
      .error?.issues.map(({ message }) => message)
      .join('; ') ?? ''
  t.equal(
    why(blockinfile, { path: '/f', block: 'x', unsafe_writes: true }),
    '"unsafe_writes" is not supported: files are replaced atomically',
  )
  t.equal(
    why(replace, { path: '/f', regexp: 'x', dest: '/g', no: 1 }),
    ['"dest" is not supported: write path', '"no" is not a parameter of this module'].join('; '),
  )
  t.match(why(blockinfile, { path: '/f', block: 'x', marker: '# mine' }), 'must contain {mark}')
  t.match(why(replace, { path: '/f', regexp: '(' }), 'the regular expression "("')
  t.end()
})
