import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PACKAGE_ROOT } from '../../values/package-root.ts'
import { UsageError } from '../usage-error.ts'

const STARTER = path.join(PACKAGE_ROOT, 'starter')

/** npm leaves `.gitignore` out of packages, so the starter has another name for it. */
const NAMES: Readonly<Record<string, string>> = { gitignore: '.gitignore' }

/** `labbook init`: creates a project. Files that exist are kept. @returns the exit code. @throws {UsageError} */
export function initCommand(argv: readonly string[]): number {
  const [directory = '.', ...others] = argv
  if (directory.startsWith('-') || others.length > 0)
    throw new UsageError(`init takes one directory, not ${argv.join(' ')}`)
  for (const { file, isNew } of projectFiles(path.resolve(directory)))
    process.stdout.write(`${isNew ? 'created' : 'kept   '} ${path.join(directory, file)}\n`)
  const cd = directory === '.' ? '' : `cd ${directory} && `
  process.stdout.write(
    `\nNext: ${cd}npx labbook run playbooks/web.ts          # as root: creates a lab of two nodes on this machine\n` +
      `      ${cd}npx labbook run playbooks/web.ts --check  # shows what it would change\n`,
  )
  return 0
}

/** @throws {UsageError} a file cannot be written. */
function projectFiles(directory: string): ReturnType<typeof createProject> {
  try {
    return createProject(directory)
  } catch (error) {
    const { code, path: file = directory } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new UsageError(`cannot write ${file}: ${code}`)
  }
}

/** Creates the files of a project in a directory. @returns them, relative to it. */
export function createProject(directory: string): { readonly file: string; readonly isNew: boolean }[] {
  const files = readdirSync(STARTER, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [path.relative(STARTER, path.join(entry.parentPath, entry.name))] : [],
  )
  const written = files.sort().map((source) => {
    const file = NAMES[source] ?? source
    const target = path.join(directory, file)
    const isNew = !existsSync(target)
    if (isNew) {
      mkdirSync(path.dirname(target), { recursive: true })
      cpSync(path.join(STARTER, source), target)
    }
    return { file, isNew }
  })
  return [...written, packageFile(directory)]
}

/** Without a package.json there, npm would install packages into a directory above. */
function packageFile(directory: string): { readonly file: string; readonly isNew: boolean } {
  const file = 'package.json'
  const target = path.join(directory, file)
  const isNew = !existsSync(target)
  if (isNew) {
    const { version } = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, file), 'utf8')) as { version: string }
    const content = { private: true, type: 'module', devDependencies: { labbook: `^${version}` } }
    writeFileSync(target, `${JSON.stringify(content, null, 2)}\n`)
  }
  return { file, isNew }
}
