import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { blockinfile } from '../../../../src/modules/core/blockinfile.ts'
import { copy } from '../../../../src/modules/core/copy.ts'
import { file } from '../../../../src/modules/core/file.ts'
import { lineinfile } from '../../../../src/modules/core/lineinfile.ts'
import { replace } from '../../../../src/modules/core/replace.ts'
import { template } from '../../../../src/modules/core/template.ts'
import { InputReader } from '../../../../src/execution/inputs.ts'
import type { Inputs, ModuleDefinition } from '../../../../src/modules/module.ts'
import { runIn, shells } from '../../../support/shells.ts'

const FIXTURES = path.join(import.meta.dirname, '../../../fixtures/files')
const reader = new InputReader(path.join(FIXTURES, 'src'))
const MODULES = { blockinfile, copy, file, lineinfile, replace, template }
const VARS = { t: true, s: 'str' }

/** A case: the parameters of a module, and a script for the start. `/t` stands for a temporary directory. */
export interface Case {
  readonly id: string
  readonly module: keyof typeof MODULES
  readonly params: Readonly<Record<string, unknown>>
  readonly init: string
}

type Status = 'ok' | 'changed' | 'failed'

/** What two runs did: their states, and the files after the first. */
export interface Effect {
  readonly runs: readonly Status[]
  readonly files: Readonly<Record<string, string>>
}

const read = (name: string): unknown => JSON.parse(readFileSync(path.join(FIXTURES, name), 'utf8'))

export const cases = (): Case[] => read('cases.json') as Case[]

/** What Ansible's modules do, by `module id`. */
export const answers = (): Map<string, Effect> =>
  new Map((read('answers.json') as (Effect & { readonly case: string })[]).map((answer) => [answer.case, answer]))

/** Cases that end otherwise than with Ansible, by how. */
export const known = (): Readonly<Record<Exclude<Outcome, 'same'>, readonly string[]>> =>
  read('known.json') as ReturnType<typeof known>

/** What Labbook does in a case, in a separate directory. */
export async function effectOf({ module, params, init }: Case): Promise<Effect & { readonly message: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-ansible-'))
  const at = path.join(folder, 't')
  try {
    mkdirSync(at, { mode: 0o755 })
    const started = spawnSync('sh', ['-e', '-c', init.replaceAll('/t/', `${at}/`)])
    if (started.status !== 0) throw new Error(`${init}: ${String(started.stderr)}`)
    const given = JSON.parse(JSON.stringify(params).replaceAll('/t/', `${at}/`)) as object
    const { definition } = MODULES[module] as unknown as { readonly definition: ModuleDefinition }
    const first = await runOnce(definition, given)
    const files = tree(at)
    return {
      runs: [first.status, (await runOnce(definition, given)).status],
      files,
      message: first.message.replaceAll(at, '/t'),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runOnce(definition: ModuleDefinition, given: object): Promise<{ status: Status; message: string }> {
  const parsed = definition.schema.safeParse(given)
  const failed = (message: string) => ({ status: 'failed' as const, message })
  if (!parsed.success) return failed(parsed.error.issues.map(({ message }) => message).join('; '))
  let inputs: Inputs = {}
  try {
    inputs = await reader.readAll(definition, parsed.data)
  } catch (error) {
    return failed((error as Error).message)
  }
  const shell = shells[0]
  const plan = () => definition.plan(parsed.data, runIn(shell, definition.probe(parsed.data, inputs)), inputs, VARS)
  const { changes, problem } = plan()
  if (problem !== undefined) return failed(problem)
  for (const { script } of changes) {
    const { exitCode, stderr } = runIn(shell, script)
    if (exitCode !== 0) return failed(stderr)
  }
  const left = plan()
  const [remaining] = left.changes
  if (left.problem !== undefined || remaining !== undefined) return failed(left.problem ?? remaining?.description ?? '')
  return { status: changes.length > 0 ? 'changed' : 'ok', message: '' }
}

/** By path: mode, owner and text. */
function tree(folder: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of below(folder)) {
    const at = path.join(folder, name)
    const stat = lstatSync(at)
    const owner = `${stat.uid}:${stat.gid}`
    if (stat.isSymbolicLink()) {
      found[name] = `-> ${readlinkSync(at).replaceAll(folder, '/t')} ${owner}`
      continue
    }
    const text = stat.isDirectory() ? '/' : stat.isFile() ? content(at) : 'special'
    const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0')
    found[name.endsWith('~') ? 'BACKUP' : name] = `${mode} ${owner} ${text}`.replaceAll(folder, '/t')
  }
  return found
}

/** Paths below a directory; links are not followed. */
const below = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? [entry.name, ...below(path.join(folder, entry.name)).map((name) => path.join(entry.name, name))]
      : [entry.name],
  )

function content(at: string): string {
  const bytes = readFileSync(at)
  const text = bytes.length < 300 ? bytes.toString('latin1') : createHash('sha256').update(bytes).digest('hex')
  return `${bytes.length} ${text}`
}

/** `refused`: an error where Ansible has none. `accepted`: none where Ansible has one. */
export type Outcome = 'same' | 'refused' | 'different' | 'accepted'

/** How the first run compares with Ansible's, and the files after it. */
export function compare(answer: Effect, effect: Effect): Outcome {
  const [wanted, got] = [answer.runs[0], effect.runs[0]]
  if (got === 'failed') return wanted === 'failed' ? 'same' : 'refused'
  if (wanted === 'failed') return 'accepted'
  const sorted = (files: Effect['files']): string => JSON.stringify(Object.entries(files).sort())
  return wanted === got && sorted(answer.files) === sorted(effect.files) ? 'same' : 'different'
}
