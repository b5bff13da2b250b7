import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { packages } from '../../../.dependency-cruiser.mjs'

const ROOT = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/architecture.md', ROOT), 'utf8')
/** Columns of the table of packages. */
const rows = [...page.matchAll(/^\| `(\w+)` \| .* \| ([^|]*) \|$/gm)].map(([, name = '', imports = '']) => ({
  name,
  imports: [...imports.matchAll(/`(\w+)`/g)].map(([, each]) => each),
}))

t.test('docs/architecture.md lists the packages of src/, and the imports that the import check allows', (t) => {
  const directories = readdirSync(new URL('src', ROOT), { withFileTypes: true })
  const names = directories.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  t.strictSame(rows.map(({ name }) => name).sort(), names.sort(), 'the packages')
  const allowed = Object.entries(packages)
  t.strictSame(
    allowed.map(([name]) => name).sort(),
    names.filter((name) => name !== 'cli').sort(),
    'the import check has all',
  )
  for (const [name, imports] of allowed) t.strictSame(rows.find((row) => row.name === name)?.imports, imports, name)
  t.end()
})
