import * as z from 'zod'
import { replacing, targetFile } from '../support/params.ts'
import { planTextEdit, textFileModule } from '../support/edit-text-file.ts'
import { editLines } from '../support/file-lines.ts'
import { expression } from '../support/line-expression.ts'
import { inNewDirectory } from '../support/place-file.ts'
import { defineModule } from '../task.ts'

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

/** Manages lines in text files. */
export const lineinfile = defineModule<typeof schema, { readonly path: string }>({
  name: 'lineinfile',
  schema,
  ...textFileModule,
  title: ({ path, line, regexp, search_string, state }) =>
    `${path}: ${line ?? regexp ?? search_string ?? ''}${state === 'absent' ? ' absent' : ''}`,
  planAfter(params, observed, state, inputs, vars) {
    const after = inNewDirectory(params.path, observed, state)
    return after && this.plan(params, after, inputs, vars)
  },
  plan(params, observed) {
    const { path, state, create, backrefs } = params
    const edit = {
      edited: (text: string) => editLines(text, params),
      // Without a line there is no match, so nothing to write.
      ifMissing:
        state === 'absent' || (create && backrefs)
          ? ('ok' as const)
          : create
            ? ('create' as const)
            : { problem: `${path} does not exist: set create: true to create it` },
      notConvergent: NOT_CONVERGENT,
      description: (exists: boolean) => describe(params, exists),
    }
    return planTextEdit(params, edit, observed, { path })
  },
})

/** Checked before any change: such a task would never converge. */
const NOT_CONVERGENT =
  'this line and regexp do not converge: each run would replace a line again. ' +
  'Write a regexp that also matches the new line and leaves it unchanged, or that matches no other line'

function describe({ path, state, line, regexp, search_string }: Params, exists: boolean): string {
  if (state !== 'absent') return `${exists ? 'update' : 'create'} ${path}: ${line}`
  const what =
    regexp === undefined
      ? search_string === undefined
        ? line
        : `lines with ${search_string}`
      : `lines that match ${regexp}`
  return `remove from ${path}: ${what}`
}
