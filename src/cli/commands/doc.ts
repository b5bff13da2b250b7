import { readFileSync } from 'node:fs'
import path from 'node:path'
import { tableLines } from '../../text/table.ts'
import { wrap } from '../../ui/format/text.ts'
import { PACKAGE_ROOT } from '../../values/package-root.ts'
import { HELP_WIDTH, suggestion } from '../command-line.ts'
import { UsageError } from '../usage-error.ts'

/** Other sections of the page have titles of several words, or in upper case. */
const MODULE = /^[a-z][a-z0-9_]*$/

/** `labbook doc [MODULE]`: the reference of a module, for a terminal. @returns the exit code. @throws {UsageError} */
export function docCommand(argv: readonly string[]): number {
  const sections = moduleSections(readFileSync(path.join(PACKAGE_ROOT, 'docs/modules.md'), 'utf8'))
  const [name, ...others] = argv
  if (name?.startsWith('-') === true || others.length > 0)
    throw new UsageError(`doc takes the name of one module, not ${argv.join(' ')}`)
  if (name === undefined) {
    const rows = [...sections].map(([module, text]) => [module, firstSentence(text)])
    process.stdout.write(`${tableLines(rows).join('\n')}\n`)
    return 0
  }
  const text = sections.get(name)
  if (text === undefined)
    throw new UsageError(`no module "${name}"${suggestion(name, [...sections.keys()])}; "labbook doc" lists all`)
  process.stdout.write(`${name}\n\n${terminalText(text)}\n`)
  return 0
}

/** The sections of docs/modules.md, by module. */
export const moduleSections = (page: string): ReadonlyMap<string, string> =>
  new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((section): [string, string] => {
        const end = section.indexOf('\n')
        return [section.slice(0, end), section.slice(end).trim()]
      })
      .filter(([name]) => MODULE.test(name)),
  )

const firstSentence = (text: string): string => /^[^.]*\.?/.exec(plain(text.split('\n\n')[0] ?? ''))?.[0] ?? ''

/** Markdown's code, emphasis and links as they read. */
const plain = (text: string): string =>
  text
    .replaceAll('\\|', '|')
    .replaceAll('**', '')
    .replace(/`([^`]*)`/g, '$1')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')

/** Markdown with tables, as text for a terminal: each row of a table is a parameter, with its explanation below. */
export function terminalText(markdown: string): string {
  return markdown
    .split('\n\n')
    .map((block) => {
      if (block.startsWith('|')) return block.split('\n').slice(2).map(parameter).join('\n')
      if (block.startsWith('#')) return `${plain(block.replace(/^#+ /, ''))}:`
      if (/^(-|\d\.| {4})/.test(block)) return plain(block)
      return wrap(plain(block.replaceAll('\n', ' ')), HELP_WIDTH).join('\n')
    })
    .join('\n\n')
}

function parameter(row: string): string {
  const [name = '', type = '', otherwise = '', says = ''] = row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => plain(cell.trim()))
  const facts = [type, otherwise === '' || otherwise === 'required' ? otherwise : `default: ${otherwise}`]
  const lines = says === '' ? [] : wrap(says, HELP_WIDTH - 6).map((line) => `      ${line}`)
  return [`  ${name}  (${facts.filter((fact) => fact !== '').join('; ')})`, ...lines].join('\n')
}
