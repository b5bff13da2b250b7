import { readdirSync } from 'node:fs'
import path from 'node:path'
import { marked, type Tokens } from 'marked'
import t from 'tap'
import { errorMessages, type ErrorMessage } from '../../support/error-messages.ts'
import { readText, ROOT } from './markdown.ts'

/* docs/troubleshooting.md has each message about the command line, connections, the lab and the playbooks. */

const CLASSES = /^(?:UsageError|Unreachable|ConnectionConfigError|LabError|EvidenceError|PlaybookError|PatternError)$/
/** Their functions return what a failed connection or login means. */
const EXPLAINS =
  /^src\/connection\/(?:\w+-failure|host-key|authentication|server-algorithms|link|private-key|ssh-agent)\.ts$/

/** Texts that are only part of a message, or of no message. */
const NO_MESSAGES = new Set([
  '… of the SSH agent',
  'the keys of the SSH agent',
  'ended with exit code …',
  '-----BEGIN OPENSSH PRIVATE KEY----- … -----END OPENSSH PRIVATE KEY-----',
  'none that is known',
  'the login has ended',
  // Of a module, not of a run.
  'there is text before the match of "…" that is not ASCII, and Ansible miscounts its lines: write an expression without (?m)',
  '… has no services',
])

/** Messages about a host start with its name. */
const normalized = (text: string): string => text.replace(/^…(?::…)?: /, '')

const sources = (directory: string): ErrorMessage[] =>
  readdirSync(path.join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(directory, name))
    .flatMap((file) => errorMessages(file, readText(file), { classes: CLASSES, alsoSentences: EXPLAINS.test(file) }))

const messages = [...sources('src'), ...sources('playbooks')].filter(({ text }) => !NO_MESSAGES.has(text))

/** The messages in the first column of tables, each as code. */
function quoted(): string[] {
  const found: string[] = []
  void marked.walkTokens(marked.lexer(readText('docs/troubleshooting.md')), (token) => {
    if (token.type !== 'table') return
    const { header, rows } = token as Tokens.Table
    if (header[0]?.text !== 'message') return
    for (const [first] of rows)
      for (const inner of first?.tokens ?? [])
        if (inner.type === 'codespan') found.push((inner as Tokens.Codespan).text)
  })
  return found
}

const page = quoted()
/** A quote that ends with `…` is the beginning of a message. */
const isQuoteOf = (quote: string, { text }: ErrorMessage): boolean =>
  quote === normalized(text) ||
  quote === text ||
  (quote.endsWith('…') && /\p{L}{3}/u.test(quote) && normalized(text).startsWith(quote.slice(0, -1)))

t.test('docs/troubleshooting.md has each message of the program', async (t) => {
  t.ok(messages.length > 200, `${messages.length} messages are found`)
  t.strictSame(
    messages
      .filter((message) => !page.some((quote) => isQuoteOf(quote, message)))
      .map(({ place, text }) => `${place}: ${text}`),
    [],
  )
})

t.test('each message that docs/troubleshooting.md quotes exists', async (t) => {
  t.ok(page.length > 150, `${page.length} quotes are found`)
  t.strictSame(
    page.filter((quote) => !messages.some((message) => isQuoteOf(quote, message))),
    [],
  )
  t.strictSame(
    page.filter((quote, place) => page.indexOf(quote) !== place && quote !== 'cannot read …: …'),
    [],
    'once',
  )
})

t.test('messages are found in each form', async (t) => {
  const options = { classes: CLASSES }
  const texts = (code: string): string[] => errorMessages('x.ts', code, options).map(({ text }) => text)
  t.strictSame(texts('throw new UsageError(`no ${what} in ${where}: ` + "name one")'), ['no … in …: name one'])
  t.strictSame(texts("new Unreachable(isLost ? 'lost' : 'gone'); new Error('no message of these classes')"), [
    'lost',
    'gone',
  ])
  t.strictSame(
    errorMessages('x.ts', "const why = () => 'this is what it means'", { ...options, alsoSentences: true }).map(
      ({ text }) => text,
    ),
    ['this is what it means'],
  )
})
