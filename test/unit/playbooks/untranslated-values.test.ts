import { readdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { untranslatedValues } from '../../support/untranslated-values.ts'
import { readText, ROOT } from '../docs/markdown.ts'

/* Keys of the catalogues are translated, or do not compile. Values are not checked by the compiler. */

t.test('no value of a text in a report is English prose', (t) => {
  const files = readdirSync(path.join(ROOT, 'playbooks'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join('playbooks', name))
  t.ok(files.length > 100, `${files.length} files`)
  t.same(
    files.flatMap((file) => untranslatedValues(file, readText(file))),
    [],
  )
  t.end()
})

t.test('prose in values is found: in templates, conditions and tables; not in keys and comparisons', (t) => {
  const found = (source: string): string[] =>
    untranslatedValues('x.ts', `import { say } from './messages/say.ts'\n${source}`).map(({ text }) => text)
  t.same(found("say('{why}', { why: n > 1 ? `${n} nodes refused` : 'nobody answered' })"), [
    '{} nodes refused',
    'nobody answered',
  ])
  t.same(found("lines(tableOf([['refused', say('any key')]]), joinTexts(['one refused']))"), ['refused', 'one refused'])
  t.same(found("say('{a}', { a: kind === 'refused' ? say('any key') : list.join('refused') })"), [])
  t.same(found("tableOf([[1]], ['left'])"), [])
  t.end()
})
