import { readdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ALL_VARS } from '../../../docs/generate.ts'
import { variableReads, type VariableRead } from '../../support/variable-reads.ts'
import { parsePage, readText, ROOT } from './markdown.ts'

/* Each variable that code reads is declared, so that docs/variables.md, the schemas and --help have it. */

const declared = new Set(ALL_VARS.flatMap(({ definitions }) => Object.keys(definitions)))
/** Ansible's variables of a run, which nobody sets. */
const MAGIC = new Set(['ansible_facts', 'groups', 'hostvars', 'inventory_hostname'])

/** Code that reads variables by a name that only a run knows, and what that name is. */
const BY_NAME: Readonly<Record<string, string>> = {
  'playbooks/redis/settings.ts': 'a name of redisVars',
  'src/cli/shared-variables.ts': 'names that the playbook declares',
  'src/inventory/script-inventory.ts': "a host's name, in the output of a script",
  'src/inventory/variables.ts': 'all variables of a file, to check them',
  'src/lab/lab.ts': 'the name that the caller passes to text()',
  'src/playbook/define-vars.ts': 'a declared variable',
  'src/runner/report-metadata.ts': 'a report_ variable, by the texts in that file',
  'src/templates/index.ts': 'a name in a template',
}

/** `vars` of another meaning: declared variables of a role. */
const OTHER = new Set(['src/playbook/role.ts'])

const readsOf = (directory: string): VariableRead[] =>
  readdirSync(path.join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|mjs)$/.test(name))
    .map((name) => path.posix.join(directory, name))
    .filter((file) => !OTHER.has(file))
    .flatMap((file) => variableReads(file, readText(file)))

const reads = [...readsOf('src'), ...readsOf('playbooks')]

t.test('code reads declared variables only', async (t) => {
  t.ok(reads.filter(({ name }) => name === 'lab_provider').length > 5, 'reads are found')
  t.ok(
    reads.some(({ name }) => name === 'slowdown'),
    'also those of a parameter that is taken apart',
  )
  const undeclared = reads.filter(({ name }) => name !== undefined && !declared.has(name) && !MAGIC.has(name))
  t.strictSame(
    undeclared.map(({ place }) => place),
    [],
    'declare it in playbooks/<area>/vars.ts or release/runner-vars.ts, then run "npm run docs"',
  )
})

t.test('code that reads variables by a computed name is listed here', async (t) => {
  const files = reads.filter(({ name }) => name === undefined).map(({ place }) => place.split(':')[0] ?? '')
  t.strictSame([...new Set(files)].sort(), Object.keys(BY_NAME).sort())
})

t.test('the scan finds reads in each form', async (t) => {
  const names = (code: string): (string | undefined)[] => variableReads('x.ts', code).map(({ name }) => name)
  t.strictSame(names('on.vars.a_b'), ['a_b'])
  t.strictSame(names("on.vars['a_b'] ?? hostvars(name)?.c_d"), ['a_b', 'c_d'])
  t.strictSame(names('const { a_b, c_d: e, ...rest } = on.hostvars(host)'), ['a_b', 'c_d'])
  t.strictSame(names('const first = hostvars(host); first.a_b'), ['a_b'])
  t.strictSame(names('function f(settings: Vars) { return (settings as Known).a_b }'), ['a_b'])
  t.strictSame(names("text(on.vars, 'a_b', 'default')"), ['a_b'])
  t.strictSame(names('vars[name]'), [undefined])
  t.strictSame(names('vars.map(String)'), [])
})

t.test('docs/variables.md has each variable, those of connections with their older names', async (t) => {
  const page = readText('docs/variables.md')
  const rows = new Set([...parsePage(page).rows].map(([name]) => name))
  t.strictSame(
    [...declared].filter((name) => !rows.has(name)),
    [],
  )
  const connection = readText('src/connection/connection-settings.ts') + readText('src/connection/settings.ts')
  const names = [...new Set([...connection.matchAll(/'(ansible_\w+)'/g)].map(([, name = '']) => name))]
  t.ok(names.length > 25, 'connection variables are found')
  t.strictSame(
    names.filter((name) => !page.includes(`\`${name}\``)),
    [],
  )
  const report = [...readText('src/runner/report-metadata.ts').matchAll(/'(report_\w+)'/g)].map(([, name]) => name)
  t.ok(report.length === 3 && report.every((name) => name !== undefined && rows.has(name)), 'report variables')
})
