import t from 'tap'
import { sidebar } from '../../../docs/navigation.ts'
import { markdownFiles, ROOT } from './markdown.ts'

const groups = sidebar(ROOT)

t.test('the sidebar of the site has the sections of docs/README.md', async (t) => {
  t.strictSame(
    groups.map(({ text }) => text),
    ['Tutorial', 'How-to', 'Concepts', 'Reference', 'Troubleshooting', 'For Ansible users'],
  )
  const reference = groups.find(({ text }) => text === 'Reference')
  t.strictSame(reference?.items[0], { text: 'Modules', link: '/docs/modules' })
})

t.test('the sidebar has each page of docs/', async (t) => {
  const links = new Set(groups.flatMap(({ items }) => items.map(({ link }) => link)))
  // The overviews of adr and measurements list their pages.
  const pages = markdownFiles('docs').filter((file) => file !== 'docs/README.md' && file.split('/').length === 2)
  t.strictSame(
    pages.filter((file) => !links.has(`/${file.replace(/\.md$/, '')}`)),
    [],
  )
})
