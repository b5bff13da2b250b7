import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { helpText } from '../../../src/cli/help.ts'
import type { OptionSpec } from '../../../src/cli/command-line.ts'
import { OPTIONS } from '../../../src/cli/options.ts'
import { isTaskKeyword } from '../../../src/modules/task-keywords.ts'
import { playOptionsProblem } from '../../../src/playbook/play-options.ts'
import { markdownFiles, parsePage, readText, ROOT } from './markdown.ts'

const rowsUnder = (file: string, heading: string): (readonly string[])[] => {
  const text = readText(file)
  const from = text.indexOf(`\n## ${heading}\n`)
  t.not(from, -1, `${file} has a section "${heading}"`)
  const to = text.indexOf('\n## ', from + 1)
  return [...parsePage(text.slice(from, to === -1 ? undefined : to)).rows]
}
const names = (rows: readonly (readonly string[])[]): string[] =>
  rows.flatMap(([first = '']) => first.replaceAll(' (required)', '').split(/, /))

t.test('docs/cli.md lists the options of --help', (t) => {
  const listed = rowsUnder('docs/cli.md', 'Options').map(([option, short]) => [option, short])
  const expected = Object.entries<OptionSpec>(OPTIONS).map(([name, { short, value }]) => [
    `--${name}${value === undefined ? '' : ` ${value}`}`,
    short === undefined ? '' : `-${short}`,
  ])
  t.strictSame(listed, expected)
  t.end()
})

t.test('docs/cli.md lists the exit codes of --help', (t) => {
  const help = helpText({ command: 'npx zx playbooks/x.mjs', description: 'x' })
  const codes = [...help.slice(help.indexOf('Exit codes:')).matchAll(/^ {2}(\d+)/gm)].map(([, code]) => code)
  t.strictSame(names(rowsUnder('docs/cli.md', 'Exit codes')), codes)
  t.end()
})

/** Names of the members of a type in a source file: what the documentation has to list. */
function membersOf(file: string, type: string): string[] {
  const source = ts.createSourceFile(file, readText(file), ts.ScriptTarget.Latest)
  const declared = source.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === type,
  )
  return (declared?.members ?? []).flatMap(({ name }) =>
    name !== undefined && ts.isIdentifier(name) ? [name.text] : [],
  )
}

t.test('docs/keywords.md lists the keywords of tasks, and the options of plays and experiments', (t) => {
  const keywords = membersOf('src/modules/task.ts', 'TaskKeywords')
  t.ok(keywords.length > 10 && keywords.every(isTaskKeyword), 'keywords are found')
  t.strictSame(names(rowsUnder('docs/keywords.md', 'Tasks')).sort(), keywords.sort())
  const options = membersOf('src/playbook/play-options.ts', 'PlayOptions')
  t.notOk(playOptionsProblem({ hosts: 'all', tags: 'a' }))
  t.strictSame(names(rowsUnder('docs/keywords.md', 'Plays')).sort(), options.sort())
  t.strictSame(
    names(rowsUnder('docs/keywords.md', 'Experiments')).sort(),
    membersOf('src/playbook/experiment.ts', 'ExperimentOptions').sort(),
  )
  t.end()
})

t.test('docs/events.md lists the types of events and fields that they have', (t) => {
  const source = readText('src/events/events.ts')
  const types = new Map(
    [...source.matchAll(/export interface (\w+) extends Base \{\s+readonly type: '(\w+)'/g)].map(([, name, type]) => [
      type,
      membersOf('src/events/events.ts', name ?? ''),
    ]),
  )
  const rows = [...parsePage(readText('docs/events.md')).rows]
  t.strictSame(rows.map(([type]) => type).sort(), [...types.keys()].sort())
  for (const [type = '', , fields = ''] of rows) {
    const unknown = fields.split(/, /).filter((field) => types.get(type)?.includes(field) !== true)
    t.strictSame(unknown, [], type)
  }
  t.end()
})

/** All text of the program, to look names up in. */
const sources = (directory: string): string =>
  readdirSync(path.join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs|ya?ml)$/.test(name))
    .map((name) => readText(path.join(directory, name)))
    .join('\n')

t.test('variables in tables of docs/ are read by the program', (t) => {
  const words = new Set(
    `${sources('src')}${sources('playbooks')}${sources('templates')}${sources('test')}`.match(/\w+/g),
  )
  let count = 0
  // The tables of modules.md name parameters of Ansible that Labbook refuses (docs/modules.test.ts).
  for (const file of markdownFiles('docs').filter((name) => name !== 'docs/modules.md')) {
    for (const [first = ''] of parsePage(readText(file)).rows) {
      for (const name of first.split(/, /).filter((each) => /^[a-z]+[0-9a-z]*(_[a-z0-9]+)+$/.test(each))) {
        count += 1
        t.ok(words.has(name), `${file}: ${name}`)
      }
    }
  }
  t.ok(count > 100, 'variables are found')
  t.end()
})

for (const file of markdownFiles().filter((name) => !/^(docs\/measurements|test\/fixtures)\//.test(name))) {
  // That README is about the project that it is copied to.
  const root = file.startsWith('starter/') ? path.join(ROOT, 'starter') : ROOT
  t.test(`${file} names files of the repository that exist`, (t) => {
    const named = [
      ...readText(file).matchAll(
        /`((?:src|playbooks|test|docs|bench|app|templates|lint)\/(?!NAME|group_vars|host_vars)[\w./-]+)`/g,
      ),
    ]
    t.strictSame(
      named.map(([, name = '']) => name).filter((name) => !existsSync(path.join(root, name))),
      [],
    )
    t.end()
  })
}

t.test('messages of the program name pages of docs/ that exist', (t) => {
  const named =
    `${sources('src')}${sources('playbooks')}${readText('inventory.yaml')}`.match(/\bdocs\/[\w/-]+\.md/g) ?? []
  t.ok(named.length > 3, 'messages are found')
  // The documentation of Docker's registry, which a comment cites.
  const ours = named.filter((name) => !name.startsWith('docs/content/'))
  t.strictSame(
    ours.filter((name) => !existsSync(path.join(ROOT, name))),
    [],
  )
  t.end()
})
