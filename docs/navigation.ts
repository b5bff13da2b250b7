import { readFileSync } from 'node:fs'
import path from 'node:path'

/* The site has the pages of docs/README.md, in its order: there is no second list. */

interface Group {
  readonly text: string
  readonly items: readonly { readonly text: string; readonly link: string }[]
}

/** The groups of the sidebar: sections of docs/README.md, with the titles of the pages that each links to. */
export function sidebar(root: string): Group[] {
  const directory = path.join(root, 'docs')
  const [, ...sections] = readFileSync(path.join(directory, 'README.md'), 'utf8').split(/^## /m)
  return sections.map((section) => {
    const [heading = ''] = section.split('\n')
    const files = [...section.matchAll(/\]\(([\w./-]+\.md)(?:#[\w-]+)?\)/g)].map(([, file = '']) => file)
    return {
      text: heading.replace(/:.*/, ''),
      items: [...new Set(files)].map((file) => ({
        text: titleOf(path.join(directory, file)),
        link: `/${path.posix
          .join('docs', file)
          .replace(/README\.md$/, '')
          .replace(/\.md$/, '')}`,
      })),
    }
  })
}

const titleOf = (file: string): string => /^# (.+)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.replaceAll('`', '') ?? file
