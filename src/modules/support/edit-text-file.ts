import type { Change, Diff, Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { attributeChanges, attributesDenied, describeAttributes, differing, missingAccount } from './attributes.ts'
import { accountsOf, entryAt, readsAt, setContent, setsAt } from './effects.ts'
import { printBytes, sha256 } from './file-content.ts'
import { PatternError } from './line-pattern.ts'
import { octal, type GivenAttributes } from './params.ts'
import { entryProblem } from './path-access.ts'
import { batchedPathFacts, parsePathFacts, pathProbe, type PathFacts, type PathQuery } from './path-facts.ts'
import { isOrBecomesPrivate, obstacle, textProblem } from './place-file.ts'
import { guardedReplacement } from './replace-file.ts'
import { NEW_FILE, oldMode, replacedAttributes, resolveMode, type WithBits } from './resolve-mode.ts'

/** Bytes. The entire file is read and, for a change, sent back. */
const LIMIT = 1024 * 1024

/** Parameters that all modules which edit a text have. */
export interface TextFile extends GivenAttributes {
  readonly path: string
  readonly backup: boolean
  readonly validate?: string | undefined
}

/** How a module edits the text of a file. */
export interface TextEdit {
  /** The new text; the same one if nothing is to change. @throws {PatternError} */
  readonly edited: (text: string) => string
  /** What to do if the file does not exist. `ok`: nothing is to change. */
  readonly ifMissing: 'create' | 'ok' | { readonly problem: string }
  /** Problem of an edit that would change the file at each run. */
  readonly notConvergent: string
  readonly description: (exists: boolean) => string
}

/** What the probe of such a module queries. */
export const textFileQuery = ({ path, owner, group }: TextFile): PathQuery => ({
  path,
  follow: true,
  access: 'change',
  owner,
  group,
  read: { text: LIMIT },
})

/** What the modules for parts of one text have in common. */
export const textFileModule = {
  reads: (params: TextFile) => [...entryAt(params.path), ...accountsOf(params)],
  sets: ({ path }: TextFile) => setContent(path),
  probe: (params: TextFile) => pathProbe(textFileQuery(params)),
  batchedFacts: (params: TextFile) => batchedPathFacts(textFileQuery(params)),
  sideEffectFree: true,
  printsFiles: true,
} as const

/** Plans the new text of a file, with its owner, group and mode. Links are followed. */
export function planTextEdit<V>(params: TextFile, edit: TextEdit, observed: Observed, values: V): Plan<V> {
  const facts = parsePathFacts(observed)
  return typeof facts === 'string'
    ? { changes: [], problem: `cannot stat ${params.path}: ${facts}` }
    : planTextEditOf(params, edit, facts, values)
}

/** {@link planTextEdit} from the facts about the file. */
export function planTextEditOf<V>(given: TextFile, edit: TextEdit, facts: PathFacts, values: V): Plan<V> {
  const { path } = given
  const params = resolveMode(given, oldMode(facts, NEW_FILE, given))
  if (typeof params === 'string') return { changes: [], problem: `${path}: ${params}` }
  const rest = { confidential: isOrBecomesPrivate(facts, params), ...readsAt(facts, entryAt) }
  const isMissing = facts.kind === null
  if (isMissing && edit.ifMissing === 'ok') return { changes: [], values, ...rest }
  const problem =
    obstacle(path, facts) ??
    missingAccount(facts, params) ??
    textProblem(path, facts, LIMIT) ??
    (isMissing && typeof edit.ifMissing === 'object' ? edit.ifMissing.problem : undefined)
  if (problem !== undefined) return { changes: [], problem, ...rest }
  const before = facts.content ?? ''
  const after = tried(edit, before)
  if (after instanceof PatternError) return { changes: [], problem: `${path}: ${after.message}`, ...rest }
  if (tried(edit, after) !== after) return { changes: [], problem: `${path}: ${edit.notConvergent}`, ...rest }
  const isUpToDate = after === before && !isMissing
  const denied = isUpToDate ? attributesDenied(path, facts, params) : entryProblem(path, facts)
  if (denied !== undefined) return { changes: [], problem: denied, ...rest }
  return {
    changes: isUpToDate ? attributeChanges(path, facts, params) : [rewrite(params, edit, facts, before, after)],
    values,
    ...rest,
    ...(facts.realPath === undefined ? { leaves: { [path]: Buffer.from(after) } } : {}),
  }
}

function tried({ edited }: TextEdit, text: string): string | PatternError {
  try {
    return edited(text)
  } catch (error) {
    if (error instanceof PatternError) return error
    throw error
  }
}

function rewrite(params: WithBits<TextFile>, edit: TextEdit, facts: PathFacts, before: string, after: string): Change {
  const { path, owner, group, mode, validate, backup } = params
  const exists = facts.kind !== null
  const attributes = describeAttributes(exists ? differing(facts, params) : params)
  const replacement = guardedReplacement({
    path,
    fill: `${printBytes(Buffer.from(after))} >&8`,
    size: Buffer.byteLength(after),
    madeFrom: exists ? sha256(before) : null,
    ...(exists ? replacedAttributes(facts, params) : { owner, group, mode }),
    validate,
    backup: backup && exists,
    followLink: true,
  })
  return {
    description: `${edit.description(exists)}${attributes === '' ? '' : ` (${attributes})`}`,
    ...replacement,
    diff: diffOf(params, facts, before, after),
    sets: setsAt(path, facts, setContent),
  }
}

/** Files that are not world-readable are not shown in the report. */
function diffOf(params: WithBits<TextFile>, facts: PathFacts, before: string, after: string): Diff {
  const subject = params.path
  if (!isOrBecomesPrivate(facts, params)) return { subject, before, after }
  const mode = `mode ${octal(params.mode ?? facts.mode)}`
  return { subject, before: `(${mode}: not shown)\n`, after: `(${mode}: not shown, changed)\n` }
}
