import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { allModules, byCases, coverage } from './coverage.ts'

t.test('every module is covered by a property', async (t) => {
  const known = new Set([...Object.values(coverage).flat(), ...byCases])
  t.same(
    allModules.filter((name) => !known.has(name)),
    [],
    'in coverage.ts',
  )
})

t.test('coverage.ts matches the tests of this directory', async (t) => {
  for (const [file, modules] of Object.entries(coverage)) {
    const imports =
      read(file) +
      [...read(file).matchAll(/from '(\.\/[a-z-]+-tasks\.ts)'/g)].map(([, name]) => read(name as string)).join('\n')
    t.same(
      modules.filter(
        (name) => !imports.includes(`module: '${name}'`) && !new RegExp(`constantFrom\\(.*'${name}'`).test(imports),
      ),
      [],
      file,
    )
  }
})

const read = (file: string): string => readFileSync(path.join(import.meta.dirname, file), 'utf8')
