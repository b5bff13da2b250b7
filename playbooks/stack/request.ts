import { isUtf8 } from 'node:buffer'
import { createHash, scryptSync } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { PlaybookError, type SourceText } from 'labbook'
import { formatProblem, readCompose, type Compose } from './compose.ts'
import type { FileContent, NamedFile } from './references.ts'
import { StackVariables, withNames } from './variables.ts'
import { stackVars } from './vars.ts'

type Vars = Readonly<Record<string, unknown>>

const DEFAULT_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']
const MAX_SHOWN = 20
/** Swarm allows 64 characters, 13 of which are the hash. */
const MAX_NAME = 50

/** The variables `-e file=... -e name=... -e state=...`. */
export interface StackRequest {
  readonly name: string
  /** The name is that of the directory, not `-e name=...`. */
  readonly isNamedByDirectory: boolean
  readonly state: 'present' | 'absent'
  /** The compose file on this machine. */
  readonly file: string
}

/** A compose file and its directory. */
export interface StackFile {
  readonly compose: Compose
  readonly variables: StackVariables
  /** Directory of the compose file, on this machine. */
  readonly directory: string
}

/** @throws {PlaybookError} if a variable is missing or invalid. */
export function readRequest(vars: Vars): StackRequest {
  const requested = stackVars.read(vars)
  const { state } = requested
  if (requested.file === undefined && (state === 'present' || requested.name === undefined)) {
    throw new PlaybookError(
      `no stack selected: set its compose file with -e file=compose.yaml${state === 'absent' ? ', or its name with -e name=...' : ''}`,
    )
  }
  const file = requested.file === undefined ? '' : composeFile(path.resolve(requested.file))
  const name = requested.name ?? nameFrom(file)
  if (name === '')
    throw new PlaybookError(`no stack name: set it with -e name=... (the directory of ${file} has no valid name)`)
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$/.test(name)) {
    throw new PlaybookError(
      `invalid stack name "${name}": use up to 41 letters, digits, "-" and "_"; set it with -e name=...`,
    )
  }
  return { name, isNamedByDirectory: requested.name === undefined, state, file }
}

/** Resolves a directory to the compose file in it. */
function composeFile(file: string): string {
  if (!existsSync(file) || !statSync(file).isDirectory()) return file
  const defaultName = DEFAULT_NAMES.find((name) => existsSync(path.join(file, name)))
  if (defaultName === undefined)
    throw new PlaybookError(`${file}: no compose file in this directory (expected ${DEFAULT_NAMES.join(', ')})`)
  return path.join(file, defaultName)
}

/** The name of the directory, as Docker Compose writes it. The name of the file is often the same in many projects. */
const nameFrom = (file: string): string =>
  path
    .basename(path.dirname(file))
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[-_]+/, '')

/**
 * Reads and validates the compose file.
 *
 * @param provided - names of variables that Labbook sets itself, in addition to `vars`.
 * @param text - in place of the file's content.
 * @returns the file and its problems, one per line: `compose.yaml:3:5: message`.
 * @throws {PlaybookError} if it cannot be read.
 */
export function inspectStackFile(
  { file, name }: StackRequest,
  vars: Vars,
  provided: ReadonlySet<string>,
  text?: string,
): { readonly stack: StackFile; readonly problems: readonly string[] } {
  const source = text === undefined ? readSource(file) : { ...readSource(file), text }
  const directory = path.dirname(file)
  const variables = new StackVariables(vars, provided)
  const compose = readCompose(source, {
    lookup: variables.lookup,
    file: (name) => contentOf(path.join(directory, name)),
    stack: name,
  })
  variables.maskSecrets(compose.environment)
  const problems = compose.problems.map((problem) => withNames(formatProblem(problem)))
  return { stack: { compose, variables, directory }, problems }
}

/** The compose file, with its path as messages show it. @throws {PlaybookError} if it cannot be read. */
export function readSource(file: string): SourceText {
  const shown = path.relative(process.cwd(), file)
  return { path: shown.startsWith('..') ? file : shown, text: read(file) }
}

const contentOf = (file: string): FileContent | undefined => {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats?.isFile() ? { size: stats.size, read: () => readFileSync(file) } : undefined
}

/** Like {@link inspectStackFile}, but @throws {PlaybookError} with all problems. */
export function readStackFile(
  request: StackRequest,
  vars: Vars,
  provided: ReadonlySet<string>,
  text?: string,
): StackFile {
  const { stack, problems } = inspectStackFile(request, vars, provided, text)
  if (problems.length === 0) return stack
  throw new PlaybookError(
    [
      ...(problems.length === 1 ? [] : [`${problems.length} problems in the compose file; nothing was changed:`]),
      ...problems.slice(0, MAX_SHOWN),
      ...(problems.length > MAX_SHOWN ? [`and ${problems.length - MAX_SHOWN} more`] : []),
    ].join('\n'),
  )
}

function read(file: string): string {
  try {
    const bytes = readFileSync(file)
    if (isUtf8(bytes)) return bytes.toString('utf8')
    throw new PlaybookError(`${file}: the compose file is not UTF-8: convert it`)
  } catch (error) {
    if (error instanceof PlaybookError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new PlaybookError(
      `${file}: cannot read the compose file: ${code === 'ENOENT' ? 'it does not exist; set -e file=...' : String(code)}`,
    )
  }
}

/** Name with a content hash: Swarm's configs and secrets are immutable, so new content needs a new name. */
export function versionedName(stack: string, { kind, key, name }: NamedFile, content: Buffer): string {
  const fullName = name ?? `${stack}_${key}`
  // A slow hash, so that a secret cannot be guessed from its name.
  const hash =
    kind === 'secrets'
      ? scryptSync(content, `labbook ${stack} ${key}`, 16).toString('hex')
      : createHash('sha256')
          // Names that differ only in the part that is cut stay different.
          .update(fullName.slice(MAX_NAME))
          .update(content)
          .digest('hex')
  return `${fullName.slice(0, MAX_NAME)}-${hash.slice(0, 12)}`
}
