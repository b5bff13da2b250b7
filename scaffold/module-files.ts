import { readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

/** Reads a file of the repository; undefined if it does not exist. */
export type ReadFile = (file: string) => string | undefined

/** The name of a new module cannot be used. */
export class NameError extends Error {
  override readonly name = 'NameError'
}

/** A module is an exported constant, so reserved words are no names. */
const isReserved = (name: string): boolean =>
  ts.identifierToKeywordKind(ts.factory.createIdentifier(name)) !== undefined

/**
 * The files of a new module: those to create, and those that list all modules, with its row. By path from the root of
 * the repository.
 *
 * @throws {NameError}
 */
export function moduleFiles(name: string, read: ReadFile): Readonly<Record<string, string>> {
  if (!/^[a-z][a-z0-9_]*$/.test(name) || isReserved(name))
    throw new NameError(
      `"${name}" cannot be the name of a module: use lower-case letters, digits and "_", as Ansible does, no reserved word`,
    )
  const index = read('src/modules/index.ts') ?? ''
  if (new RegExp(`\\b${name}\\b`).test(index)) throw new NameError(`module ${name} exists: choose another name`)
  const created = {
    [`src/modules/core/${name}.ts`]: 'module.ts.txt',
    [`test/unit/modules/core/${name}.test.ts`]: 'module.test.ts.txt',
    [`test/fixtures/modules/${name}.json`]: 'module.json.txt',
  }
  const existing = Object.keys(created).find((file) => read(file) !== undefined)
  if (existing !== undefined) throw new NameError(`${existing} exists: choose another name`)
  const row = (keys: string): string => `  ['${name}', { path: '/etc/${name}', value: 'a' }, ${keys}],`
  const effects = 'test/unit/modules/system-effects.ts'
  return {
    ...Object.fromEntries(Object.entries(created).map(([file, template]) => [file, filled(template, name)])),
    'src/modules/index.ts': `${index}export { ${name} } from './core/${name}.ts'\n`,
    [effects]: after(
      after(
        read(effects),
        effects,
        'export const systemReads: readonly Row[] = [\n',
        `${row(`['/etc/${name}', 'directory:/etc/${name}']`)}\n`,
      ),
      effects,
      'export const systemSets: readonly Row[] = [\n',
      `${row(`['/etc/${name}']`)}\n`,
    ),
    ...withRow(read, 'test/property/coverage.ts', 'const byUnitTests: readonly ModuleName[] = [', `'${name}', `),
    ...withRow(read, 'CHANGELOG.md', '## Unreleased\n\n', `- Module \`${name}\`.\n`),
  }
}

const filled = (template: string, name: string): string =>
  readFileSync(path.join(import.meta.dirname, template), 'utf8').replaceAll('NAME', name)

const withRow = (read: ReadFile, file: string, anchor: string, row: string): Readonly<Record<string, string>> => ({
  [file]: after(read(file), file, anchor, row),
})

/** A list with a new first row. */
function after(text: string | undefined, file: string, anchor: string, row: string): string {
  if (text?.includes(anchor) !== true) throw new Error(`${file} has no ${JSON.stringify(anchor)}`)
  return text.replace(anchor, () => anchor + row)
}
