import { z } from 'zod'
import { octal, replacing, targetFile } from '../support/params.ts'
import { attributeChanges, describeAttributes, differing, missingAccount } from '../support/attributes.ts'
import { printBytes } from '../support/file-content.ts'
import { accountsOf, entryAt, readsAt, setContent, setsAt } from '../support/effects.ts'
import { editLines } from '../support/file-lines.ts'
import { pathProbe, parsePathFacts, batchedPathFacts, type PathQuery, type PathFacts } from '../support/path-facts.ts'
import { replaceFile } from '../support/replace-file.ts'
import type { Change, Diff } from '../module.ts'
import { obstacle } from '../support/place-file.ts'
import { defineModule } from '../task.ts'

/** Bytes. The entire file is read and, for a change, sent back. */
const LIMIT = 1024 * 1024

const expression = z.string().superRefine((text, context) => {
  try {
    new RegExp(text)
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: `${(error as SyntaxError).message} (JavaScript syntax, not Python)`,
    })
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
     * JavaScript regular expression of the line to replace (the last match) or, with `absent`, of the lines to remove.
     */
    regexp: expression.optional(),
    /** `\1` and `\g<name>` in `line` are replaced by groups of `regexp`; without a match nothing changes. */
    backrefs: z.boolean().default(false),
    /** Insert a new line at `EOF` (default), or after the last line that matches. */
    insertafter: expression.optional(),
    /** Insert a new line at `BOF`, or before the last line that matches. */
    insertbefore: expression.optional(),
    /** Create the file if it does not exist. */
    create: z.boolean().default(false),
    ...replacing,
  })
  .refine(({ state, line }) => state === 'absent' || line !== undefined, { error: 'line is required', path: ['line'] })
  .refine(({ line, regexp }) => line !== undefined || regexp !== undefined, { error: 'set line or regexp' })
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
  title: ({ path, line, regexp, state }) => `${path}: ${line ?? regexp ?? ''}${state === 'absent' ? ' absent' : ''}`,
  probe: (params) => pathProbe(pathQuery(params)),
  batchedFacts: (params) => batchedPathFacts(pathQuery(params)),
  sideEffectFree: true,
  plan(params, observed) {
    const { path, state, create } = params
    const values = { path }
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${path}: ${facts}` }
    const reads = readsAt(facts, entryAt)
    if (facts.kind === null && state === 'absent') return { changes: [], values, ...reads }
    const problem =
      obstacle(path, facts) ??
      missingAccount(facts, params) ??
      unreadable(path, facts) ??
      (facts.kind === null && !create ? `${path} does not exist: set create: true to create it` : undefined)
    if (problem !== undefined) return { changes: [], problem, ...reads }
    const before = facts.content ?? ''
    const after = editLines(before, params)
    if (editLines(after, params) !== after) return { changes: [], problem: `${path}: ${NOT_CONVERGENT}`, ...reads }
    if (after === before && facts.kind !== null)
      return { changes: attributeChanges(path, facts, params), values, ...reads }
    return { changes: [rewrite(params, facts, before, after)], values, ...reads }
  },
})

/** Checked before any change: such a task would never converge. */
const NOT_CONVERGENT =
  'this line and regexp do not converge: each run would replace a line again. ' +
  'Write a regexp that also matches the new line and leaves it unchanged, or that matches no other line'

function unreadable(path: string, { kind, content, size }: PathFacts): string | undefined {
  if (kind === null) return undefined
  if (kind === 'link') return `${path} is a dangling link`
  if (content === undefined) return `${path} has ${size} bytes: lineinfile supports up to ${LIMIT}`
  if (/[\0\uFFFD]/.test(content)) return `${path} is not UTF-8 text`
  return undefined
}

function rewrite(params: Params, facts: PathFacts, before: string, after: string): Change {
  const { path, owner, group, mode, state, line, regexp, validate, backup } = params
  const exists = facts.kind !== null
  const attributes = describeAttributes(exists ? differing(facts, params) : params)
  const description =
    state === 'absent'
      ? `remove from ${path}: ${regexp === undefined ? line : `lines that match ${regexp}`}`
      : `${exists ? 'update' : 'create'} ${path}: ${line}`
  const replacement = replaceFile({
    path,
    fill: `${printBytes(Buffer.from(after))} >&8`,
    ...(exists ? { old: facts, ...differing(facts, params) } : { owner, group, mode }),
    validate,
    backup: backup && exists,
    followLink: true,
  })
  return {
    description: `${description}${attributes === '' ? '' : ` (${attributes})`}`,
    script: replacement,
    diff: diffOf(path, facts, before, after),
    sets: setsAt(path, facts, setContent),
  }
}

/** Files that are not world-readable are not shown in the report. */
function diffOf(subject: string, { kind, mode }: PathFacts, before: string, after: string): Diff {
  return kind !== null && (mode & 0o004) === 0
    ? { subject, before: `(mode ${octal(mode)}: not shown)\n`, after: `(mode ${octal(mode)}: not shown, changed)\n` }
    : { subject, before, after }
}
