import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import GithubSlugger from 'github-slugger'
import { marked, type Token, type Tokens } from 'marked'

export const ROOT = path.resolve(import.meta.dirname, '../../..')

/** Directories that hold no pages of ours. */
const SKIPPED = new Set(['dist', 'node_modules', '.git', 'runs', '.tap'])

/** All Markdown files of the repository, as paths from its root. */
export function markdownFiles(directory = ''): string[] {
  return readdirSync(path.join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(directory, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : markdownFiles(name)
    return name.endsWith('.md') ? [name] : []
  })
}

/** What a page links to and can be linked at. */
export interface Page {
  /** Targets of links and images, as written. */
  readonly links: readonly string[]
  /** Ids of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>
  /** Rows of its tables: the text of each cell, without markup. */
  readonly rows: readonly (readonly string[])[]
}

export const readText = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

/** Parses a Markdown text as GitHub does. */
export function parsePage(markdown: string): Page {
  const slugger = new GithubSlugger()
  const links: string[] = []
  const anchors = new Set<string>()
  const rows: string[][] = []
  void marked.walkTokens(marked.lexer(markdown), (token) => {
    if (isOf(token, 'link') || isOf(token, 'image')) links.push(token.href)
    if (isOf(token, 'heading')) anchors.add(slugger.slug(plainText(token.tokens)))
    if (isOf(token, 'table')) rows.push(...token.rows.map((row) => row.map(({ tokens }) => plainText(tokens))))
  })
  return { links, anchors, rows }
}

interface TokenTypes {
  readonly link: Tokens.Link
  readonly image: Tokens.Image
  readonly heading: Tokens.Heading
  readonly table: Tokens.Table
}

const isOf = <T extends keyof TokenTypes>(token: Token, type: T): token is TokenTypes[T] & Token => token.type === type

/** The text of inline tokens without markup. */
function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      const { tokens: inner } = token as { tokens?: readonly Token[] }
      return inner === undefined ? ('text' in token ? String(token.text) : '') : plainText(inner)
    })
    .join('')
}
