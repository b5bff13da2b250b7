import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import * as z from 'zod'
import * as labbook from 'labbook'
import type { VarSet } from 'labbook'
import * as htpasswd from 'labbook/htpasswd'
import * as k3s from 'labbook/k3s'
import * as lab from 'labbook/lab'
import * as transfer from 'labbook/transfer'
import * as x509 from 'labbook/x509'
import { PROJECT_VARS } from '../playbooks/project.ts'
import { RUNNER_VARS } from '../release/runner-vars.ts'
import { inventorySchema, varsSchema } from '../release/schema.ts'
import type { ModuleDefinition } from '../src/modules/module.ts'
import { filterNames, testNames } from '../src/templates/index.ts'
import { toText } from '../src/values/to-text.ts'
import { cases, known } from '../test/unit/modules/core/ansible-cases.ts'
import { answers, answerVars, outcomeOf, type Outcome } from '../test/unit/templates/answers.ts'

/*
 * Writes docs/modules.md: names, types and defaults from the schemas that check the parameters, sentences from the
 * comments beside them; and docs/variables.md. So the pages cannot say what the code does not. `npm run docs`.
 */

const ROOT = path.join(import.meta.dirname, '..')
const MODULES = path.join(ROOT, 'src/modules')

interface Comments {
  /** By the exported name. */
  readonly modules: Map<string, string>
  /** By file and property: the same word may mean another thing elsewhere. */
  readonly properties: Map<string, string>
  readonly fileOf: Map<string, string>
  /** By a module's file: the file that it imports its schema from. */
  readonly schemaFiles: Map<string, string>
  /** By the exported name, the one in its file. */
  readonly renamed: Map<string, string>
}

/** The text of docs/modules.md. */
export function modulesPage(): string {
  const comments = readComments()
  const definitions = Object.entries({ ...labbook, ...htpasswd, ...k3s, ...lab, ...transfer, ...x509 }).flatMap(
    ([name, value]) =>
      typeof value === 'function' && 'definition' in value
        ? [[name, value.definition as ModuleDefinition] as const]
        : [],
  )
  const sections = definitions
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, { schema }]) => section(name, schema, comments))
  return [
    '# Modules',
    '',
    "Names and meanings are Ansible's where Ansible has the module. Every task takes the keywords of",
    "[playbooks.md](playbooks.md) as well. Written by `npm run docs` from the modules' own schemas and comments.",
    '',
    ...sections,
    parametersSection(definitions.map(([, definition]) => definition)),
    readFileSync(path.join(import.meta.dirname, 'missing-modules.md.txt'), 'utf8'),
    filesSection(),
    templatesSection(),
  ].join('\n')
}

/** The parameters of Ansible's modules (`ansible-parameters.py`): which of them a module has. */
function parametersSection(definitions: readonly ModuleDefinition[]): string {
  const file = path.join(import.meta.dirname, 'ansible-parameters.json')
  const known = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, readonly string[]>>
  const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')
  const rows = Object.entries(known).flatMap(([fullName, theirs]) => {
    const definition = definitions.find(({ name }) => name === fullName.split('.').at(-1))
    if (definition === undefined) return []
    const schema = z.toJSONSchema(definition.schema, { io: 'input', unrepresentable: 'any' }) as {
      properties?: Readonly<Record<string, unknown>>
    }
    const ours = Object.keys(schema.properties ?? {})
    const absent = theirs.filter((name) => !ours.includes(name))
    const isRefused = (name: string): boolean => refusal(definition, name) !== undefined
    const cells = [
      theirs.filter((name) => ours.includes(name)),
      absent.filter(isRefused),
      absent.filter((name) => !isRefused(name)),
      ours.filter((name) => !theirs.includes(name)),
    ]
    return [`| ${fullName} | ${cells.map(list).join(' | ')} |`]
  })
  return [
    "## Parameters of Ansible's modules",
    '',
    'Compared with the documentation of Ansible 12. *Here* has the parameters of both; the sections of the modules say',
    'where their values differ. Every other parameter is an error that names it: *refused* ones with the way to do it,',
    '*missing* ones as unknown. So are the aliases of Ansible.',
    '',
    '| module | here | refused | missing | only in Labbook |',
    '|---|---|---|---|---|',
    ...rows.sort((a, b) => a.localeCompare(b)),
    '',
  ].join('\n')
}

/** What a module says instead of a parameter that it refuses with a reason. */
function refusal({ schema }: ModuleDefinition, name: string): string | undefined {
  const issues = schema.safeParse({ [name]: 'x' }).error?.issues ?? []
  return issues.map(({ message }) => message).find((message) => message.includes(`"${name}" is not supported`))
}

/** The counts of the comparison of the modules for files with Ansible's. */
function filesSection(): string {
  const { refused, different, accepted } = known()
  const same = cases().length - refused.length - different.length - accepted.length
  return [
    '## Files',
    '',
    `${cases().length} cases of ${caseModules()} were run by ansible-core`,
    '2.19 and by Labbook (`test/fixtures/files`). The sections of the modules list the differences.',
    '',
    '| result | cases |',
    '|---|---|',
    `| the same state and files, or an error where Ansible has one | ${same} |`,
    `| an error, where Ansible has none | ${refused.length} |`,
    `| other files, or no error where Ansible has one | ${different.length + accepted.length} |`,
    '',
  ].join('\n')
}

/** The modules that have cases, as links. */
function caseModules(): string {
  const links = [...new Set(cases().map(({ module }) => module))].sort().map((name) => `[${name}](#${name})`)
  return `${links.slice(0, -1).join(', ')} and ${links.at(-1)}`
}

/** The section about templates, with the names of filters and tests, and the counts of the comparison with Ansible. */
function templatesSection(): string {
  process.env.LABBOOK_TEMPLATE_TEST = 'from the environment'
  const outcomes = answers().map((answer) => outcomeOf(answer, answerVars()).outcome)
  const count = (...kinds: readonly Outcome[]): string =>
    String(outcomes.filter((outcome) => kinds.includes(outcome)).length)
  const text = readFileSync(path.join(import.meta.dirname, 'templates.md.txt'), 'utf8')
  const names = (all: readonly string[]): string => all.map((name) => `\`${name}\``).join(', ')
  const values: Readonly<Record<string, string>> = {
    TOTAL: String(outcomes.length),
    SAME: count('same'),
    REFUSED: count('refused'),
    DIFFERENT: count('different', 'accepted'),
    FILTERS: names(filterNames()),
    TESTS: names(testNames()),
  }
  return text.replace(/\b(?:TOTAL|SAME|REFUSED|DIFFERENT|FILTERS|TESTS)\b/g, (name) => values[name] ?? name)
}

interface Property {
  readonly type?: string | string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Property[]
  readonly items?: Property
  readonly default?: unknown
  readonly description?: string
}

function section(name: string, schema: z.ZodType, comments: Comments): string {
  const { modules, properties, fileOf, schemaFiles, renamed } = comments
  const exported = renamed.get(name) ?? name
  const { properties: params = {}, required = [] } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  }) as {
    properties?: Record<string, Property>
    required?: readonly string[]
  }
  const file = fileOf.get(exported) ?? ''
  const schemaFile = schemaFiles.get(file) ?? file
  const rows = Object.entries(params).map(([key, property]) => {
    const says =
      properties.get(`${schemaFile}#${key}`) ?? properties.get(`support#${key}`) ?? property.description ?? ''
    const otherwise = required.includes(key)
      ? '**required**'
      : property.default === undefined
        ? ''
        : `\`${JSON.stringify(property.default)}\``
    return `| \`${key}\` | ${typeOf(property)} | ${otherwise} | ${says.replaceAll('|', '\\|')} |`
  })
  const table = rows.length === 0 ? [] : ['| parameter | type | default | |', '|---|---|---|---|', ...rows, '']
  return [`## ${name}`, '', modules.get(exported) ?? '', '', ...table, ...differences(name)].join('\n')
}

/** How a module differs from Ansible's. */
function differences(name: string): string[] {
  const file = path.join(import.meta.dirname, 'differences', `${name}.md.txt`)
  return existsSync(file) ? ['### Differences from Ansible', '', readFileSync(file, 'utf8')] : []
}

function typeOf(property: Property): string {
  if (property.enum !== undefined) return property.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (property.const !== undefined) return `\`${toText(property.const)}\``
  if (property.anyOf !== undefined) return [...new Set(property.anyOf.map(typeOf))].join(' or ')
  if (property.type === 'array') return `list of ${typeOf(property.items ?? {})}`
  return property.type === undefined ? 'secret' : [property.type].flat().join(' or ')
}

function readComments(): Comments {
  const comments: Comments = {
    modules: new Map(),
    properties: new Map(),
    fileOf: new Map(),
    schemaFiles: new Map(),
    renamed: new Map(),
  }
  for (const file of readdirSync(MODULES, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )) {
    const source = ts.createSourceFile(
      file,
      readFileSync(path.join(MODULES, file), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    )
    const home = file.includes('support') ? 'support' : file
    const visit = (node: ts.Node): void => {
      const said = sentence(node)
      if (ts.isVariableStatement(node) && node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) {
        for (const { name } of node.declarationList.declarations) {
          comments.fileOf.set(name.getText(), file)
          if (said !== '') comments.modules.set(name.getText(), said)
        }
      }
      // The whole schema, or an object that it spreads.
      if (ts.isImportDeclaration(node) && /\b(?:schema|[a-z]\w*Settings)\b/.test(node.importClause?.getText() ?? '')) {
        const from = (node.moduleSpecifier as ts.StringLiteral).text
        comments.schemaFiles.set(file, path.posix.join(path.posix.dirname(file), from))
      }
      // A name that is a reserved word can only be exported.
      if (ts.isExportSpecifier(node) && node.propertyName !== undefined)
        comments.renamed.set(node.name.text, node.propertyName.getText())
      if (ts.isPropertyAssignment(node) && said !== '') comments.properties.set(`${home}#${node.name.getText()}`, said)
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return comments
}

function sentence(node: ts.Node): string {
  const [doc] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  return (ts.getTextOfJSDocComment(doc?.comment) ?? '').replace(/\s+/g, ' ').trim()
}

/** All variables that Labbook and its playbooks read. */
export const ALL_VARS: readonly VarSet[] = [...PROJECT_VARS, ...RUNNER_VARS]

/** The text of docs/variables.md, from the declarations of all areas. */
export function variablesPage(): string {
  const sections = ALL_VARS.map(({ area, definitions }: VarSet) => [
    `## ${area}`,
    '',
    '| variable | value | default | |',
    '|---|---|---|---|',
    ...Object.entries(definitions).map(
      ([name, definition]) =>
        `| \`${name}\` | ${definition.schema.description ?? ''} | ${shownDefault(definition)} | ${definition.description} |`,
    ),
    '',
  ])
  return [
    '# Variables',
    '',
    'Set them in the inventory or with `-e name=value`. A wrong value is an error that says what is allowed. The last',
    'sections are variables of Labbook itself, which are explained in [lab.md](lab.md#variables),',
    '[inventory.md](inventory.md#connection-variables) and [report.md](report.md#contents). Written by `npm run docs`',
    'from the declarations.',
    '',
    ...sections.flat(),
  ].join('\n')
}

/** The files of `schema/`: what editors know of inventories and variables. */
export const schemaFiles = (): Readonly<Record<string, string>> => ({
  'schema/inventory.json': `${JSON.stringify(inventorySchema(ALL_VARS), null, 2)}\n`,
  'schema/vars.json': `${JSON.stringify(varsSchema(ALL_VARS), null, 2)}\n`,
})

const shownDefault = ({ default: value, shownDefault: text }: VarSet['definitions'][string]): string =>
  text ?? (value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``)

if (process.argv[1] === import.meta.filename) {
  writeFileSync(path.join(ROOT, 'docs/modules.md'), modulesPage())
  writeFileSync(path.join(ROOT, 'docs/variables.md'), variablesPage())
  for (const [file, text] of Object.entries(schemaFiles())) writeFileSync(path.join(ROOT, file), text)
}
