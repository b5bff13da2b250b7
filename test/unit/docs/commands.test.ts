import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { register } from 'tsx/esm/api'
import type { Playbook } from '../../../src/cli/playbook.ts'
import { parseOptions } from '../../../src/cli/options.ts'
import { COMMANDS } from '../../../src/cli/labbook.ts'
import { markdownFiles, readText, ROOT } from './markdown.ts'

// This test may itself run from a bundle, without a loader for TypeScript.
register()

const COMMAND = /(?:npx zx|node) playbooks\/([a-z0-9-]+)\.mjs([^#`|\n]*)/g

/** Splits as a shell does, as far as the documentation needs it. */
const wordsOf = (text: string): string[] =>
  [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

/** These have other options; `web` is the playbook that docs/playbooks.md writes. */
const OTHERS = new Set(['report', 'load-import', 'inventory', 'web'])

/** Commands of a page: playbook and arguments. Those with a placeholder are left out. */
const commandsOf = (text: string): (readonly [playbook: string, args: readonly string[]])[] =>
  [...text.matchAll(COMMAND)]
    .map(([, name = '', rest = '']) => [name, wordsOf(rest.replace(/[.,):]+\s*$/, ''))] as const)
    .filter(([name, args]) => !OTHERS.has(name) && !args.some((word) => /\.\.\.|[A-Z]{4}|^\[/.test(word)))

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

for (const file of markdownFiles().filter((name) => !name.startsWith('docs/measurements/'))) {
  const commands = commandsOf(readText(file))
  if (commands.length === 0) continue
  t.test(`commands of ${file} have subcommands and options that exist`, async (t) => {
    for (const [name, args] of commands) {
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
