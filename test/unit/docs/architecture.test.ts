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

t.test('the diagram of docs/architecture.md has the packages of src/', (t) => {
  const diagram = /^```mermaid\n([^]*?)^```/m.exec(page)?.[1] ?? ''
  const nodes = new Set([...diagram.matchAll(/^ +(\w+) .* (\w+)(?:\[.*)?$/gm)].flatMap(([, from, to]) => [from, to]))
  // Named below the diagram: all others use them.
  const tools = ['bundle', 'cli', 'shell', 'templates', 'text', 'values']
  t.strictSame(
    [...nodes].sort(),
    [...rows.map(({ name }) => name).filter((name) => !tools.includes(name)), 'hosts'].sort(),
  )
  t.end()
})

t.test('the diagram and the table of docs/architecture.md are on its first screen', (t) => {
  const end = page.slice(0, page.indexOf('| `cli` |')).split('\n').length
  t.ok(end <= 60, `the table of packages ends in line ${end}`)
  t.end()
})
