import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { fileMode, mode } from '../../../../src/modules/support/params.ts'
import { absoluteMode, applySymbolicMode, isSymbolicMode } from '../../../../src/modules/support/symbolic-mode.ts'

t.test('a symbolic mode that sets all bits is a number, as Ansible computes it', (t) => {
  // Computed by AnsibleModule._symbolic_mode_to_octal() for files of the modes 0000 and 7777.
  const modes: readonly (readonly [string, number | undefined])[] = [
    ['u=rw,g=r,o=', 0o640],
    ['u=rw,g=r,o=r', 0o644],
    ['u=rwx,go=rx', 0o755],
    ['a=r', 0o444],
    ['ugo=rwx', 0o777],
    ['a=r,u+w', 0o644],
    ['a=rwx,o-rwx', 0o770],
    ['a=rwx,g-w,o=', 0o750],
    ['u=rwxs,g=rxs,o=rx', 0o6755],
    ['u=rwx,g=rwx,o=rwxt', 0o1777],
    ['u=rw-w+x,g=,o=', 0o500],
    ['u=rw,g=u,o=g', 0o666],
    ['a=', 0],
    ['o=,g=,u=r', 0o400],
    ['a=s', 0o6000],
    ['u=rw,g=r', undefined],
    ['g=u,u=rw,o=', undefined],
    ['+x', undefined],
    ['=r', 0o444],
    ['g+w', undefined],
    ['u=rwX,g=rX,o=rX', undefined],
    ['u+x,g=,o=', undefined],
    ['preserve', undefined],
    ['a=rw,', undefined],
    ['', undefined],
  ]
  for (const [text, bits] of modes) t.equal(absoluteMode(text), bits, text)
  t.equal(mode.parse('u=rw,g=r,o='), 0o640)
  t.match(mode.safeParse('g+w').error?.issues[0]?.message, "'g+w' is not supported")
  t.end()
})

t.test('a symbolic mode makes of an old mode what Ansible makes of it', (t) => {
  const file = path.join(import.meta.dirname, '../../../fixtures/files/modes.json')
  for (const [text, old, isDirectory, wanted] of JSON.parse(readFileSync(file, 'utf8')) as [
    string,
    number,
    boolean,
    number | null,
  ][]) {
    const name = `${text} of ${old.toString(8)}`
    t.equal(isSymbolicMode(text), wanted !== null, name)
    if (wanted !== null) t.equal(applySymbolicMode({ symbolic: text }, { mode: old, isDirectory }), wanted, name)
  }
  t.same(fileMode.parse('g+w'), { symbolic: 'g+w' })
  t.equal(fileMode.parse('a=r'), 0o444)
  t.match(fileMode.safeParse('z+w').error?.issues[0]?.message, "'z+w' is not supported")
  t.end()
})
