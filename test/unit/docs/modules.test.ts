import { readFileSync } from 'node:fs'
import t from 'tap'
import type { VarSet } from 'labbook'
import { ALL_VARS, modulesPage, variablesPage } from '../../../docs/generate.ts'

t.test('docs/modules.md is up to date with the modules: run "npm run docs"', (t) => {
  t.equal(readFileSync(new URL('../../../docs/modules.md', import.meta.url), 'utf8'), modulesPage())
  t.end()
})

t.test('docs/variables.md is up to date with the declared variables: run "npm run docs"', (t) => {
  t.equal(readFileSync(new URL('../../../docs/variables.md', import.meta.url), 'utf8'), variablesPage())
  t.end()
})

t.test('every default is a valid value, and no variable is declared twice', (t) => {
  const all = ALL_VARS.flatMap(({ definitions }: VarSet) => Object.entries(definitions))
  for (const [name, { schema, default: value }] of all)
    if (value !== undefined) t.strictSame(schema.safeParse(value), { success: true, data: value }, name)
  const names = all.map(([name]) => name)
  t.strictSame(names, [...new Set(names)])
  t.end()
})
