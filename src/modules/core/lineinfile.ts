import { z } from 'zod'
import { octal, replacing, targetFile } from '../support/params.ts'
import {
  attributeChanges,
  attributesDenied,
  describeAttributes,
  differing,
  missingAccount,
} from '../support/attributes.ts'
import { printBytes, sha256 } from '../support/file-content.ts'
import { accountsOf, entryAt, readsAt, setContent, setsAt } from '../support/effects.ts'
import { editLines } from '../support/file-lines.ts'
import { pathProbe, parsePathFacts, batchedPathFacts, type PathQuery, type PathFacts } from '../support/path-facts.ts'
import { guardedReplacement } from '../support/replace-file.ts'
import type { Change, Diff } from '../module.ts'
import { linePattern, PatternError } from '../support/line-pattern.ts'
import { entryProblem } from '../support/path-access.ts'
import { isOrBecomesPrivate, obstacle, textProblem } from '../support/place-file.ts'
import { defineModule } from '../task.ts'

/** Bytes. The entire file is read and, for a change, sent back. */
const LIMIT = 1024 * 1024

const expression = z.string().superRefine((text, context) => {
  try {
    linePattern(text)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    context.addIssue({ code: 'custom', message: error.message })
  }
})

const schema = z
  .strictObject({
    path: targetFile,
    state: z.enum(['present', 'absent']).default('present'),
    line: z
      .string()
      .regex(/^[^\n\0]*$/, { error: 'must be one line, without newline or NUL' })
      .optional(),
    /**
     * Python's regular expression of the line to replace (the last match) or, with `absent`, of the lines to remove.
     */
    regexp: expression.optional(),
    /** As `regexp`, but text that the line contains. */
    search_string: z.string().min(1).optional(),
    /** `\1` and `\g<name>` in `line` are replaced by groups of `regexp`; without a match nothing changes. */
    backrefs: z.boolean().default(false),
    /** Insert a new line at `EOF` (default), at `BOF`, or after the last line that matches. */
    insertafter: expression.optional(),
    /** Insert a new line at `BOF`, or before the last line that matches. */
    insertbefore: expression.optional(),
    /** The first line that matches counts, not the last. */
    firstmatch: z.boolean().default(false),
    /** Create the file if it does not exist. */
    create: z.boolean().default(false),
    ...replacing,
  })
  .refine(({ state, line }) => state === 'absent' || line !== undefined, { error: 'line is required', path: ['line'] })
  .refine(({ line, regexp, search_string }) => [line, regexp, search_string].some((each) => each !== undefined), {
    error: 'set line, regexp or search_string',
  })
  .refine(({ regexp, search_string }) => regexp === undefined || search_string === undefined, {
    error: 'regexp and search_string are mutually exclusive',
  })
  .refine(({ backrefs, regexp }) => !backrefs || regexp !== undefined, {
    error: 'backrefs requires regexp',
    path: ['backrefs'],
  })
  .refine(({ insertafter, insertbefore }) => insertafter === undefined || insertbefore === undefined, {
    error: 'insertafter and insertbefore are mutually exclusive',
  })

type Params = z.output<typeof schema>

const pathQuery = ({ path, owner, group }: Params): PathQuery => ({
  path,
  follow: true,
  access: 'change',
  owner,
  group,
  read: { text: LIMIT },
})

/** Manages lines in text files. */
export const lineinfile = defineModule<typeof schema, { readonly path: string }>({
  name: 'lineinfile',
  schema,
  reads: (params) => [...entryAt(params.path), ...accountsOf(params)],
  sets: ({ path }) => setContent(path),
  title: ({ path, line, regexp, search_string, state }) =>
    `${path}: ${line ?? regexp ?? search_string ?? ''}${state === 'absent' ? ' absent' : ''}`,
  probe: (params) => pathProbe(pathQuery(params)),
  batchedFacts: (params) => batchedPathFacts(pathQuery(params)),
  sideEffectFree: true,
  printsFiles: true,
  plan(params, observed) {
    const { path, state, create, backrefs } = params
    const values = { path }
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${path}: ${facts}` }
    const rest = { confidential: isOrBecomesPrivate(facts, params), ...readsAt(facts, entryAt) }
    if (facts.kind === null && state === 'absent') return { changes: [], values, ...rest }
    const problem =
      obstacle(path, facts) ??
      missingAccount(facts, params) ??
      textProblem(path, facts, LIMIT) ??
      (facts.kind === null && !create ? `${path} does not exist: set create: true to create it` : undefined)
    if (problem !== undefined) return { changes: [], problem, ...rest }
    // Without a line there is no match, so nothing to write.
    if (facts.kind === null && backrefs) return { changes: [], values, ...rest }
    const before = facts.content ?? ''
    const after = edited(before, params)
    if (after instanceof PatternError) return { changes: [], problem: `${path}: ${after.message}`, ...rest }
    if (edited(after, params) !== after) return { changes: [], problem: `${path}: ${NOT_CONVERGENT}`, ...rest }
    const isUpToDate = after === before && facts.kind !== null
    const denied = isUpToDate ? attributesDenied(path, facts, params) : entryProblem(path, facts)
    if (denied !== undefined) return { changes: [], problem: denied, ...rest }
    return {
      changes: isUpToDate ? attributeChanges(path, facts, params) : [rewrite(params, facts, before, after)],
      values,
      ...rest,
    }
  },
})

/** Checked before any change: such a task would never converge. */
const NOT_CONVERGENT =
  'this line and regexp do not converge: each run would replace a line again. ' +
  'Write a regexp that also matches the new line and leaves it unchanged, or that matches no other line'

function edited(text: string, params: Params): string | PatternError {
  try {
    return editLines(text, params)
  } catch (error) {
    if (error instanceof PatternError) return error
    throw error
  }
}

function rewrite(params: Params, facts: PathFacts, before: string, after: string): Change {
  const { path, owner, group, mode, state, line, regexp, search_string, validate, backup } = params
  const exists = facts.kind !== null
  const attributes = describeAttributes(exists ? differing(facts, params) : params)
  const description =
    state === 'absent'
      ? `remove from ${path}: ${regexp === undefined ? (search_string === undefined ? line : `lines with ${search_string}`) : `lines that match ${regexp}`}`
      : `${exists ? 'update' : 'create'} ${path}: ${line}`
  const replacement = guardedReplacement({
    path,
    fill: `${printBytes(Buffer.from(after))} >&8`,
    size: Buffer.byteLength(after),
    madeFrom: exists ? sha256(before) : null,
    ...(exists ? { old: facts, ...differing(facts, params) } : { owner, group, mode }),
    validate,
    backup: backup && exists,
    followLink: true,
  })
  return {
    description: `${description}${attributes === '' ? '' : ` (${attributes})`}`,
    ...replacement,
    diff: diffOf(params, facts, before, after),
    sets: setsAt(path, facts, setContent),
  }
}

/** Files that are not world-readable are not shown in the report. */
function diffOf(params: Params, facts: PathFacts, before: string, after: string): Diff {
  const subject = params.path
  if (!isOrBecomesPrivate(facts, params)) return { subject, before, after }
  const mode = `mode ${octal(params.mode ?? facts.mode)}`
  return { subject, before: `(${mode}: not shown)\n`, after: `(${mode}: not shown, changed)\n` }
}
