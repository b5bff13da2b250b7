import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const ROOT = new URL('../../../', import.meta.url)

const entries = readdirSync(new URL('playbooks', ROOT))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -'.mjs'.length))
  // Commands of the runner, for runs of any playbook, and for results of any load test.
  .filter((name) => !['report', 'load-import', 'inventory'].includes(name))

/** What only playbooks know: their entry points, the Counter app and its ports, the other apps. */
const APPLICATION = new RegExp(
  [
    `\\b(${entries.join('|')})\\.mjs\\b`,
    String.raw`\bcounter_\w|Counter app|api/counter|voting\b|\b(8080|8090)\b`,
  ].join('|'),
)

/** Names that files of a directory export: name -> files. */
function exportedNames(directory: string): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const file of readdirSync(new URL(directory, ROOT), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue
    const text = readFileSync(new URL(`${directory}/${file}`, ROOT), 'utf8')
    for (const [, name = ''] of text.matchAll(
      /^export (?:async )?(?:const|function\*?|class|interface|type|enum) (\w+)/gm,
    ))
      names.set(name, [...(names.get(name) ?? []), `${directory}/${file}`])
  }
  return names
}

t.test('a name has one meaning in src/ and playbooks/', (t) => {
  const [src, playbooks] = [exportedNames('src'), exportedNames('playbooks')]
  t.ok(src.size > 100 && playbooks.size > 100, 'the names are found')
  t.strictSame(
    [...playbooks].filter(([name]) => src.has(name)).map(([name, files]) => [name, ...(src.get(name) ?? []), ...files]),
    [],
  )
  t.end()
})

t.test('src/ knows no app and no playbook', (t) => {
  const files = readdirSync(new URL('src', ROOT), { recursive: true, encoding: 'utf8' })
  t.strictSame(
    files
      .filter((name) => /\.(ts|mjs)$/.test(name))
      .flatMap((name) =>
        readFileSync(new URL(`src/${name}`, ROOT), 'utf8')
          .split('\n')
          .flatMap((line, i) => (APPLICATION.test(line) ? [`src/${name}:${i + 1}: ${line.trim()}`] : [])),
      ),
    [],
  )
  t.ok(entries.includes('site'), 'the entry points are read')
  t.match('npx zx playbooks/site.mjs', APPLICATION)
  t.end()
})
