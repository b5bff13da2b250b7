import { existsSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { markdownFiles, type Page, parsePage, readText, ROOT } from './markdown.ts'

const pages = new Map(markdownFiles().map((file) => [file, parsePage(readText(file))]))

/** Why a link of a page leads nowhere; undefined if it leads somewhere or out of the repository. */
function problemOf(link: string, file: string, all: ReadonlyMap<string, Page>): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return undefined
  const [target = '', anchor] = decodeURIComponent(link).split('#')
  const linked = target === '' ? file : path.posix.join(path.posix.dirname(file), target)
  if (!existsSync(path.join(ROOT, linked))) return `${link}: no file ${linked}`
  if (anchor === undefined) return undefined
  const page = all.get(linked)
  if (page === undefined) return `${link}: ${linked} is not a page with headings`
  return page.anchors.has(anchor) ? undefined : `${link}: ${linked} has no heading #${anchor}`
}

t.test('problemOf finds links to missing files and headings', (t) => {
  const all = new Map([
    ['docs/lab.md', parsePage('# The `npm start` lab\n\n## Again\n\n## Again\n')],
    ['README.md', parsePage('')],
  ])
  t.equal(problemOf('lab.md#the-npm-start-lab', 'docs/architecture.md', all), undefined, 'code in a heading')
  t.equal(problemOf('docs/lab.md#again-1', 'README.md', all), undefined, 'a heading that occurs twice')
  t.equal(problemOf('https://example.org/no#where', 'README.md', all), undefined, 'another site')
  t.equal(problemOf('lab.md#gone', 'docs/k3s.md', all), 'lab.md#gone: docs/lab.md has no heading #gone')
  t.equal(problemOf('gone.md', 'docs/k3s.md', all), 'gone.md: no file docs/gone.md')
  t.equal(problemOf('#gone', 'README.md', all), '#gone: README.md has no heading #gone')
  t.end()
})

for (const [file, { links }] of pages) {
  t.test(`links of ${file} lead to files and headings that exist`, (t) => {
    t.strictSame(
      links.map((link) => problemOf(link, file, pages)).filter((problem) => problem !== undefined),
      [],
    )
    t.end()
  })
}

t.test('docs/README.md has a link to every page of docs/', (t) => {
  const listed = new Set(pages.get('docs/README.md')?.links.map((link) => path.posix.join('docs', link)))
  const missing = [...pages.keys()].filter((file) => file.startsWith('docs/') && !listed.has(file))
  // Decisions have an index of their own, and so have measurements.
  t.strictSame(
    missing.filter((file) => !/^docs\/(adr\/0|measurements\/2)/.test(file)),
    ['docs/README.md'],
  )
  for (const index of ['docs/adr/README.md', 'docs/measurements/README.md']) {
    const directory = path.posix.dirname(index)
    const others = [...pages.keys()].filter((file) => path.posix.dirname(file) === directory && file !== index)
    const linked = pages.get(index)?.links.map((link) => path.posix.join(directory, link)) ?? []
    t.strictSame(
      others.filter((file) => !linked.includes(file)),
      [],
      index,
    )
  }
  t.end()
})
