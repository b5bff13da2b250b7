import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { homeMade } from '../../../lint/terms.js'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'app/README.md',
  'bench/README.md',
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.posix.join('docs', name)),
]

/** The text without code blocks, which quote programs and their output; its lines keep their numbers. */
const withoutCode = (text: string): string =>
  text.replaceAll(/^```[^]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, ''))

for (const page of PAGES) {
  t.test(`${page} uses the terms of lint/terms.js`, (t) => {
    const lines = withoutCode(readFileSync(path.join(ROOT, page), 'utf8')).split('\n')
    t.strictSame(
      lines.flatMap((line, index) =>
        homeMade(line).map(({ found, use }) => `${page}:${index + 1}: "${found}": use ${use}`),
      ),
      [],
    )
    t.end()
  })
}
