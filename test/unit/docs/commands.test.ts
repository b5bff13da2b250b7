import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { register } from 'tsx/esm/api'
import type { Playbook } from '../../../src/cli/playbook.ts'
import { parseOptions } from '../../../src/cli/options.ts'
import { COMMANDS } from '../../../src/cli/labbook.ts'
import { partsNamed } from '../../run/parts.ts'
import { documentedCommands } from '../../support/documented-commands.ts'
import { markdownFiles, readText, ROOT } from './markdown.ts'

// This test may itself run from a bundle, without a loader for TypeScript.
register()

/** These have other options; `web` is the playbook that docs/playbooks.md writes. */
const OTHERS = new Set(['report', 'load-import', 'inventory', 'web'])

/** Commands of a page: playbook and arguments. */
const commandsOf = (text: string) => documentedCommands(text).filter(({ playbook }) => !OTHERS.has(playbook))

t.test('commands of labbook in the documentation exist', async (t) => {
  const used = markdownFiles().flatMap((file) => [...readText(file).matchAll(/\bnpx labbook ([a-z]+)/g)])
  const names = new Set(used.map(([, name = '']) => name))
  t.ok(names.has('run'), 'the commands are found')
  t.strictSame(
    [...names].filter((name) => !Object.hasOwn(COMMANDS, name)),
    [],
  )
  const table = readText('docs/cli.md')
  for (const [name, { args }] of Object.entries(COMMANDS))
    t.ok(
      table.includes(`| \`labbook ${name} ${args.replaceAll('|', '\\|')}\` |`),
      `docs/cli.md: labbook ${name} ${args}`,
    )
})

t.test('scripts of npm and parts of the tests in the documentation exist', async (t) => {
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Readonly<Record<string, string>> }
  const pages = markdownFiles().filter((name) => !/^(?:docs\/measurements|starter)\//.test(name))
  const text = pages.map(readText).join('\n')
  const names = [...text.matchAll(/\bnpm run ([a-z0-9:]+)\b(?! --prefix)/g)].map(([, name = '']) => name)
  t.ok(names.includes('check'), 'scripts are found')
  t.strictSame(
    [...new Set(names)].filter((name) => !Object.hasOwn(scripts, name)),
    [],
  )
  const parts = [...text.matchAll(/\bbash test\/run\.sh((?: [a-z0-9-]+)+)/g)].map(([, list = '']) =>
    list.trim().split(' '),
  )
  t.ok(parts.length > 3, 'parts are found')
  for (const list of parts.filter(([first = '']) => !first.startsWith('-')))
    t.doesNotThrow(() => partsNamed(list.filter((name) => !name.startsWith('-'))), list.join(' '))
})

for (const file of markdownFiles().filter((name) => !name.startsWith('docs/measurements/'))) {
  const commands = commandsOf(readText(file))
  if (commands.length === 0) continue
  t.test(`commands of ${file} have subcommands and options that exist`, async (t) => {
    for (const { playbook: name, args } of commands) {
      const source = path.join(ROOT, 'playbooks', name, 'playbook.ts')
      if (!existsSync(source)) {
        t.fail(`no playbook ${name}`)
        continue
      }
      const { default: playbook } = (await import(pathToFileURL(source).href)) as { default: Playbook }
      t.doesNotThrow(() => parseOptions(args, playbook.subcommands, playbook.switches), `${name}.mjs ${args.join(' ')}`)
    }
  })
}
