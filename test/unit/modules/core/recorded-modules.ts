import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as modules from '../../../../src/modules/index.ts'
import type { ModuleDefinition } from '../../../../src/modules/module.ts'
import { runIn, type Shell } from '../../../support/shells.ts'

const FIXTURES = path.join(import.meta.dirname, '../../../fixtures/modules')

/** A case of test/fixtures/modules/make.py. */
export interface RecordedCase {
  readonly id: string
  readonly module: string
  readonly params: Readonly<Record<string, unknown>>
  readonly init: string
  /** Directories that are empty before the start. */
  readonly at: readonly string[]
  readonly values: readonly string[]
  /** Labbook does something else, which docs/differences has. */
  readonly difference?: string
}

/** What Ansible's module did. */
export interface Answer {
  readonly runs: readonly string[]
  readonly files: Readonly<Record<string, string>>
  readonly values: Readonly<Record<string, unknown>>
}

const read = (name: string): unknown => JSON.parse(readFileSync(path.join(FIXTURES, name), 'utf8'))

export const recordedCases = (): RecordedCase[] => read('cases.json') as RecordedCase[]
export const recordedAnswers = (): Map<string, Answer> =>
  new Map((read('answers.json') as (Answer & { readonly case: string })[]).map((answer) => [answer.case, answer]))

/** A shell in a mount namespace, in which directories of the host are those of a folder. */
export function inDirectories(shell: Shell, folder: string, at: readonly string[]): Shell {
  const mounts = at.map((directory, place) => `mount --bind ${folder}/${place} ${directory}`)
  const script = [...mounts, 'exec "$@"'].join(' && ')
  return {
    name: shell.name,
    argv: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...shell.argv],
  }
}

/** Runs a case as Labbook does. */
export function labbookAnswer(given: RecordedCase, plain: Shell): Answer & { readonly message: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-recorded-'))
  try {
    given.at.forEach((_, place) => {
      mkdirSync(path.join(folder, String(place)), { mode: 0o755 })
    })
    const shell = inDirectories(plain, folder, given.at)
    const started = runIn(shell, `set -e\n${given.init}`)
    if (started.exitCode !== 0) throw new Error(`${given.id}: ${started.stderr}`)
    const { definition } = (modules as unknown as Record<string, { readonly definition: ModuleDefinition }>)[
      given.module
    ] as { readonly definition: ModuleDefinition }
    const first = runOnce(definition, given.params, shell)
    const files = Object.fromEntries(
      given.at.flatMap((directory, place) => tree(path.join(folder, String(place)), directory)),
    )
    const second = runOnce(definition, given.params, shell)
    const all = (first.values ?? {}) as Readonly<Record<string, unknown>>
    const values =
      first.status === 'failed' ? {} : Object.fromEntries(given.values.map((name) => [name, all[name] ?? null]))
    return { runs: [first.status, second.status], files, values, message: first.message }
  } finally {
    spawnSync('chattr', ['-R', '-i', folder])
    rmSync(folder, { recursive: true, force: true })
  }
}

function runOnce(
  definition: ModuleDefinition,
  params: object,
  shell: Shell,
): { status: string; message: string; values?: unknown } {
  const parsed = definition.schema.safeParse(params)
  const failed = (message: string) => ({ status: 'failed', message })
  if (!parsed.success) return failed(parsed.error.issues.map(({ message }) => message).join('; '))
  const plan = () => definition.plan(parsed.data, runIn(shell, definition.probe(parsed.data, {})), {}, {})
  const { changes, problem, values, changeValues } = plan()
  if (problem !== undefined) return failed(problem)
  const applied = changes.map(({ script }) => runIn(shell, script))
  const wrong = applied.find(({ exitCode }) => exitCode !== 0)
  if (wrong !== undefined) return failed(wrong.stderr)
  if (changes.length === 0) return { status: 'ok', message: '', values }
  if (definition.result !== undefined)
    return { status: 'changed', message: '', values: definition.result(parsed.data, applied).values }
  const after = plan()
  const remaining = after.problem ?? after.changes.find(({ recurs }) => recurs !== true)?.description
  return remaining === undefined
    ? { status: 'changed', message: '', values: { ...(after.values as object), ...changeValues } }
    : failed(`not in the desired state: ${remaining}`)
}

/** By path: mode, owner and text. */
function tree(folder: string, directory: string): [string, string][] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const at = path.join(folder, entry.name)
    const shown = path.posix.join(directory, entry.name)
    const stat = lstatSync(at)
    const owner = `${stat.uid}:${stat.gid}`
    if (entry.isSymbolicLink()) return [[shown, `-> ${readlinkSync(at)} ${owner}`]]
    const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0')
    if (entry.isDirectory()) return [[shown, `${mode} ${owner} /`], ...tree(at, shown)]
    const text = entry.isFile() ? readFileSync(at).toString('latin1') : 'special'
    return [[shown, `${mode} ${owner} ${text}`]]
  })
}
