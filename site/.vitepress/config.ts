import path from 'node:path'
import { defineConfig } from 'vitepress'
import { sidebar } from '../../docs/navigation.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const PACKAGES = path.resolve(import.meta.dirname, '../node_modules')

/** Links name the files of the repository, where the page of a directory is README.md. */
const pageOf = (target: string): string =>
  /^[a-z]+:/.test(target) ? target : target.replace(/README\.md(?=#|$)/, 'index.md')

/** The documentation as a site. Its pages are the Markdown files of the repository; GitHub shows the same. */
export default defineConfig({
  title: 'Labbook',
  description: 'From bare machines to a proven cluster in one command, with the evidence for every claim',
  srcDir: '..',
  srcExclude: ['{site,src,starter,test,runs,examples,node_modules}/**'],
  rewrites: (page) => page.replace(/README\.md$/, 'index.md'),
  cleanUrls: true,
  // Any other link to what is no page fails the build.
  ignoreDeadLinks: ['./LICENSE'],
  lastUpdated: false,
  // The pages are outside of this directory, and so of its packages.
  vite: { resolve: { alias: [{ find: /^vue(\/server-renderer)?$/, replacement: `${PACKAGES}/vue$1` }] } },
  markdown: {
    config: (markdown) => {
      markdown.core.ruler.push('pages-of-the-repository', ({ tokens }) => {
        for (const token of tokens) {
          // Indented blocks are commands. Like fences they are highlighted, and Vue leaves their braces alone.
          if (token.type === 'code_block') Object.assign(token, { type: 'fence', info: 'sh' })
          for (const inner of token.children ?? []) {
            if (inner.type === 'code_inline') inner.attrSet('v-pre', '')
            if (inner.type === 'link_open') inner.attrSet('href', pageOf(inner.attrGet('href') ?? ''))
          }
        }
      })
    },
  },
  themeConfig: {
    nav: [
      { text: 'Tutorial', link: '/docs/tutorial' },
      { text: 'Documentation', link: '/docs/' },
      { text: 'Modules', link: '/docs/modules' },
      { text: 'Changelog', link: '/CHANGELOG' },
    ],
    sidebar: sidebar(ROOT),
    outline: [2, 3],
    search: { provider: 'local' },
  },
})
