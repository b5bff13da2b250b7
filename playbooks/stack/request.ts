import { createHash, scryptSync } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { PlaybookError } from 'labbook'
import { formatProblem, readCompose, type Compose } from './compose.ts'
import type { NamedFile } from './references.ts'
import { variablesOf } from './interpolation.ts'
import { stackVars } from './vars.ts'

type Vars = Readonly<Record<string, unknown>>

const DEFAULT_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']
const MAX_SHOWN = 20

/** The variables `-e file=... -e name=... -e state=...`. */
export interface StackRequest {
  readonly name: string
  readonly state: 'present' | 'absent'
  /** The compose file on this machine. */
  readonly file: string
}

/** A compose file and its directory. */
export interface StackFile {
  readonly text: string
  readonly compose: Compose
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
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$/.test(name)) {
    throw new PlaybookError(
      `invalid stack name "${name}": use up to 41 letters, digits, "-" and "_"; set it with -e name=...`,
    )
  }
  return { name, state, file }
}

/** Resolves a directory to the compose file in it. */
function composeFile(file: string): string {
  if (!existsSync(file) || !statSync(file).isDirectory()) return file
  const defaultName = DEFAULT_NAMES.find((name) => existsSync(path.join(file, name)))
  if (defaultName === undefined)
    throw new PlaybookError(`${file}: no compose file in this directory (expected ${DEFAULT_NAMES.join(', ')})`)
  return path.join(file, defaultName)
}

/** `shop/compose.yaml` and `shop.yml` both get the stack name `shop`. */
function nameFrom(file: string): string {
  const stem = DEFAULT_NAMES.includes(path.basename(file))
    ? path.basename(path.dirname(file))
    : path.basename(file).replace(/\.[^.]*$/, '')
  return stem
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 41)
}

/**
 * Reads and validates the compose file.
 *
 * @param provided - names of variables that Labbook sets itself, in addition to `vars`.
 * @returns the file and its problems, one per line: `compose.yaml:3:5: message`.
 * @throws {PlaybookError} if it cannot be read.
 */
export function inspectStackFile(
  { file }: StackRequest,
  vars: Vars,
  provided: ReadonlySet<string>,
): { readonly stack: StackFile; readonly problems: readonly string[] } {
  const shown = path.relative(process.cwd(), file)
  const source = { path: shown.startsWith('..') ? file : shown, text: read(file) }
  const folder = path.dirname(file)
  const compose = readCompose(
    source,
    (name) => existsSync(path.join(folder, name)) && statSync(path.join(folder, name)).isFile(),
  )
  const stack: StackFile = { text: source.text, compose, directory: folder }
  if (compose.problems.length > 0) return { stack, problems: compose.problems.map(formatProblem) }
  const undefinedVariables = variablesOf(source.text).filter(
    ({ name, optional }) => !optional && vars[name] === undefined && !provided.has(name),
  )
  return {
    stack,
    problems: undefinedVariables.map(({ name, from }) => {
      const before = source.text.slice(0, from).split('\n')
      return `${source.path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: variable ${name} has no value: set it with -e ${name}=..., or write \${${name}:-VALUE}`
    }),
  }
}

/** Like {@link inspectStackFile}, but @throws {PlaybookError} with all problems. */
export function readStackFile(request: StackRequest, vars: Vars, provided: ReadonlySet<string>): StackFile {
  const { stack, problems } = inspectStackFile(request, vars, provided)
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
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new PlaybookError(
      `${file}: cannot read the compose file: ${code === 'ENOENT' ? 'it does not exist; set -e file=...' : String(code)}`,
    )
  }
}

/** Name with a content hash: Swarm's configs and secrets are immutable, so new content needs a new name. */
export function versionedName(stack: string, { kind, key, name }: NamedFile, content: Buffer): string {
  // A slow hash, so that a secret cannot be guessed from its name.
  const hash =
    kind === 'secrets'
      ? scryptSync(content, `labbook ${stack} ${key}`, 16).toString('hex')
      : createHash('sha256').update(content).digest('hex')
  return `${(name ?? `${stack}_${key}`).slice(0, 50)}-${hash.slice(0, 12)}`
}
