import { z } from 'zod'
import { octal, replacing, targetFile } from './support/params.ts'
import { attributeChanges, describeAttributes, differing, missingAccount } from './support/attributes.ts'
import { printBytes } from './support/file-content.ts'
import { accountsOf, entryAt, readsAt, setContent, setsAt } from './support/effects.ts'
import { editLines } from './support/file-lines.ts'
import { lookAt, parsePathFacts, sharedLook, type Look, type PathFacts } from './support/path-facts.ts'
import { replaceFile } from './support/replace-file.ts'
import type { Change, Diff } from './module.ts'
import { obstacle } from './support/place-file.ts'
import { defineModule } from './task.ts'

/** The whole file is read and, for a change, sent back. */
const LIMIT = 1024 * 1024

const expression = z.string().superRefine((text, context) => {
  try {
    new RegExp(text)
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: `${(error as SyntaxError).message} (JavaScript's expressions, not Python's)`,
    })
  }
})

const schema = z
  .strictObject({
    path: targetFile,
    state: z.enum(['present', 'absent']).default('present'),
    line: z
      .string()
      .regex(/^[^\n\0]*$/, { error: 'one line: it cannot contain a newline or NUL' })
      .optional(),
    /** The line to replace (its last match), or with `absent` the lines to remove. A JavaScript regular expression. */
    regexp: expression.optional(),
    /** `\1` and `\g<name>` in `line` stand for groups of `regexp`; without a match nothing is done. */
    backrefs: z.boolean().default(false),
    /** Where a new line goes: `EOF` (default), or after the last line that matches. */
    insertafter: expression.optional(),
    /** `BOF`, or before the last line that matches. */
    insertbefore: expression.optional(),
    /** Makes the file where it is not there. */
    create: z.boolean().default(false),
    ...replacing,
  })
  .refine(({ state, line }) => state === 'absent' || line !== undefined, { error: 'give the line', path: ['line'] })
  .refine(({ line, regexp }) => line !== undefined || regexp !== undefined, { error: 'give line or regexp' })
  .refine(({ backrefs, regexp }) => !backrefs || regexp !== undefined, {
    error: 'backrefs needs a regexp',
    path: ['backrefs'],
  })
  .refine(({ insertafter, insertbefore }) => insertafter === undefined || insertbefore === undefined, {
    error: 'give insertafter or insertbefore, not both',
  })

type Params = z.output<typeof schema>

const look = ({ path, owner, group }: Params): Look => ({ path, follow: true, owner, group, read: { text: LIMIT } })

/** One line of a text file. */
export const lineinfile = defineModule<typeof schema, { readonly path: string }>({
  name: 'lineinfile',
  schema,
  reads: (params) => [...entryAt(params.path), ...accountsOf(params)],
  sets: ({ path }) => setContent(path),
  title: ({ path, line, regexp, state }) => `${path}: ${state === 'absent' ? 'no ' : ''}${line ?? regexp ?? ''}`,
  probe: (params) => lookAt(look(params)),
  shares: (params) => sharedLook(look(params)),
  contained: true,
  plan(params, observed) {
    const { path, state, create } = params
    const values = { path }
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot look at ${path}: ${facts}` }
    const reads = readsAt(facts, entryAt)
    if (facts.kind === null && state === 'absent') return { changes: [], values, ...reads }
    const problem =
      obstacle(path, facts) ??
      missingAccount(facts, params) ??
      unreadable(path, facts) ??
      (facts.kind === null && !create ? `${path} is not there; create: true makes it` : undefined)
    if (problem !== undefined) return { changes: [], problem, ...reads }
    const before = facts.content ?? ''
    const after = editLines(before, params)
    if (editLines(after, params) !== after) return { changes: [], problem: `${path}: ${ENDLESS}`, ...reads }
    if (after === before && facts.kind !== null)
      return { changes: attributeChanges(path, facts, params), values, ...reads }
    return { changes: [rewrite(params, facts, before, after)], values, ...reads }
  },
})

/** Said before anything is changed: a task that is never done is none that can be repeated. */
const ENDLESS =
  'with this line and regexp the next run would find something to replace again, and so on: ' +
  'write a regexp that matches the new line too and leaves it as it is, or that no other line matches'

function unreadable(path: string, { kind, content, size }: PathFacts): string | undefined {
  if (kind === null) return undefined
  if (kind === 'link') return `${path} is a link to something that is not there`
  if (content === undefined) return `${path} has ${size} bytes: lineinfile works on files up to ${LIMIT} bytes`
  if (/[\0\uFFFD]/.test(content)) return `${path} is not UTF-8 text`
  return undefined
}

function rewrite(params: Params, facts: PathFacts, before: string, after: string): Change {
  const { path, owner, group, mode, state, line, regexp, validate, backup } = params
  const there = facts.kind !== null
  const attributes = describeAttributes(there ? differing(facts, params) : params)
  const description =
    state === 'absent'
      ? `remove from ${path}: ${regexp === undefined ? line : `lines that match ${regexp}`}`
      : `${there ? 'write into' : 'create'} ${path}: ${line}`
  const replacement = replaceFile({
    path,
    fill: `${printBytes(Buffer.from(after))} >&8`,
    ...(there ? { old: facts, ...differing(facts, params) } : { owner, group, mode }),
    validate,
    backup: backup && there,
    through: true,
  })
  return {
    description: `${description}${attributes === '' ? '' : ` (${attributes})`}`,
    script: replacement,
    diff: diffOf(path, facts, before, after),
    sets: setsAt(path, facts, setContent),
  }
}

/** A file that only some may read is not for the report's eyes. */
function diffOf(subject: string, { kind, mode }: PathFacts, before: string, after: string): Diff {
  return kind !== null && (mode & 0o004) === 0
    ? { subject, before: `(mode ${octal(mode)}: not shown)\n`, after: `(mode ${octal(mode)}: not shown, changed)\n` }
    : { subject, before, after }
}
