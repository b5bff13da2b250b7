import { existsSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { expectedMinutes, PARTS, partsNamed, ROOT, testFiles } from '../../run/parts.ts'

const names = (...args: string[]): string[] => partsNamed(args).map(({ name }) => name)

t.test(
  'partsNamed selects the default parts, all parts, named parts in order, and rejects unknown names',
  async (t) => {
    t.same(names(), names('test'))
    t.same(
      names('all').filter((name) => !names('test').includes(name)),
      PARTS.filter(({ runs }) => runs === 'all').map(({ name }) => name),
    )
    t.same(names('ssh', 'unit', 'ssh'), ['unit', 'ssh'])
    t.throws(() => names('unti'), { message: /^no part "unti": name some of check, unit, / })
  },
)

t.test('each test file is in exactly one part', async (t) => {
  const filesOf = (wanted: (name: string) => boolean): readonly string[] =>
    PARTS.filter(({ name }) => wanted(name)).flatMap(({ work }) => ('files' in work ? work.files() : []))
  const inParts = filesOf((name) => name !== 'random')
  t.same([...inParts].sort(), testFiles('test'))
  for (const file of inParts) t.ok(existsSync(path.join(ROOT, file)), file)
  const again = filesOf((name) => name === 'random')
  const units = filesOf((name) => name === 'unit')
  t.ok(again.length > 10, 'random cases run again, many more')
  t.same(
    again.filter((file) => !units.includes(file)),
    [],
  )
})

t.test('npm test takes at most thirteen minutes', async (t) => {
  t.ok(expectedMinutes(partsNamed([])) <= 13)
  t.ok(expectedMinutes(partsNamed(['all'])) > 13)
})
