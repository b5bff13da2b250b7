import { createHash, scryptSync } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { PlaybookError } from '../../../src/labbook.ts'
import { lineOf, readCompose, type Compose } from './compose.ts'
import type { NamedFile } from './references.ts'
import { variablesOf } from './variables.ts'

type Vars = Readonly<Record<string, unknown>>

const USUAL_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']
const MOST_SHOWN = 20

/** What was asked for with `-e file=... -e name=... -e state=...`. */
export interface StackRequest {
  readonly name: string
  readonly state: 'present' | 'absent'
  /** The compose file on this machine. */
  readonly file: string
}

/** A compose file that a Swarm will take, and what goes with it. */
export interface StackFile {
  readonly text: string
  readonly compose: Compose
  /** The folder of the compose file, on this machine. */
  readonly folder: string
}

/** @throws {PlaybookError} which of the variables is missing or wrong. */
export function requestFrom(vars: Vars): StackRequest {
  const state = vars.state ?? 'present'
  if (state !== 'present' && state !== 'absent')
    throw new PlaybookError(`state is present or absent, not "${String(state)}"`)
  if (vars.file === undefined && (state === 'present' || vars.name === undefined)) {
    throw new PlaybookError(
      `which stack? Give its compose file: -e file=compose.yaml${state === 'absent' ? ', or its name: -e name=...' : ''}`,
    )
  }
  const file = vars.file === undefined ? '' : composeFile(path.resolve(String(vars.file)))
  const name = vars.name === undefined ? nameFrom(file) : String(vars.name)
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$/.test(name)) {
    throw new PlaybookError(
      `a stack cannot be called "${name}": up to 41 letters, digits, "-" and "_"; give another with -e name=...`,
    )
  }
  return { name, state, file }
}

/** A folder stands for the compose file in it. */
function composeFile(given: string): string {
  if (!existsSync(given) || !statSync(given).isDirectory()) return given
  const found = USUAL_NAMES.find((name) => existsSync(path.join(given, name)))
  if (found === undefined)
    throw new PlaybookError(`${given}: there is no compose file in this folder (${USUAL_NAMES.join(', ')})`)
  return path.join(given, found)
}

/** `shop/compose.yaml` and `shop.yml` are both the stack `shop`. */
function nameFrom(file: string): string {
  const stem = USUAL_NAMES.includes(path.basename(file))
    ? path.basename(path.dirname(file))
    : path.basename(file).replace(/\.[^.]*$/, '')
  return stem
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 41)
}

/**
 * Reads the compose file and holds it against what a Swarm takes.
 *
 * @param offered - names of variables that Labbook fills in itself, beside those of `vars`.
 * @returns the file, and all that is wrong with it, a line for each: `compose.yaml:3:5: fault: remedy`.
 * @throws {PlaybookError} it cannot be read.
 */
export function inspectStackFile(
  { file }: StackRequest,
  vars: Vars,
  offered: ReadonlySet<string>,
): { readonly stack: StackFile; readonly problems: readonly string[] } {
  const shown = path.relative(process.cwd(), file)
  const source = { path: shown.startsWith('..') ? file : shown, text: read(file) }
  const folder = path.dirname(file)
  const compose = readCompose(
    source,
    (name) => existsSync(path.join(folder, name)) && statSync(path.join(folder, name)).isFile(),
  )
  const stack = { text: source.text, compose, folder }
  if (compose.problems.length > 0) return { stack, problems: compose.problems.map(lineOf) }
  const unknown = variablesOf(source.text).filter(
    ({ name, optional }) => !optional && vars[name] === undefined && !offered.has(name),
  )
  return {
    stack,
    problems: unknown.map(({ name, from }) => {
      const before = source.text.slice(0, from).split('\n')
      return `${source.path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: the variable ${name} has no value: give one with -e ${name}=..., or write \${${name}:-VALUE}`
    }),
  }
}

/** As {@link inspectStackFile}. @throws {PlaybookError} with all that is wrong. */
export function readStackFile(request: StackRequest, vars: Vars, offered: ReadonlySet<string>): StackFile {
  const { stack, problems } = inspectStackFile(request, vars, offered)
  if (problems.length === 0) return stack
  throw new PlaybookError(
    [
      ...(problems.length === 1 ? [] : [`${problems.length} mistakes, and nothing was touched:`]),
      ...problems.slice(0, MOST_SHOWN),
      ...(problems.length > MOST_SHOWN ? [`and ${problems.length - MOST_SHOWN} more`] : []),
    ].join('\n'),
  )
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new PlaybookError(
      `${file}: cannot read the compose file: ${code === 'ENOENT' ? 'there is none; name it with -e file=...' : String(code)}`,
    )
  }
}

/** Swarm changes no config or secret that is there: one with other content gets another name. */
export function nameOf(stack: string, { kind, key, name }: NamedFile, content: Buffer): string {
  // What a secret is must not be found by trying words against its name, so that each try is made slow.
  const sum =
    kind === 'secrets'
      ? scryptSync(content, `labbook ${stack} ${key}`, 16).toString('hex')
      : createHash('sha256').update(content).digest('hex')
  return `${(name ?? `${stack}_${key}`).slice(0, 50)}-${sum.slice(0, 12)}`
}
