import { readFileSync } from 'node:fs'
import t from 'tap'
import { modulesPage } from '../../../docs/generate.ts'

t.test('docs/modules.md is up to date with the modules: run "npm run docs"', (t) => {
  t.equal(readFileSync(new URL('../../../docs/modules.md', import.meta.url), 'utf8'), modulesPage())
  t.end()
})
