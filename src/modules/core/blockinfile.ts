import * as z from 'zod'
import { replacing, targetFile } from '../support/params.ts'
import { planTextEdit, textFileModule } from '../support/edit-text-file.ts'
import { editBlock, markerLines } from '../support/file-block.ts'
import { expression } from '../support/line-expression.ts'
import { FILE_PARAMS, refusing } from '../support/refusing.ts'
import { inNewDirectory } from '../support/place-file.ts'
import { defineModule } from '../task.ts'

/** Ansible replaces escapes such as `\1` in it. */
const mark = z.string().regex(/^[^\\\r\n\0]*$/, { error: 'must be one line without backslashes' })

const schema = z
  .strictObject(
    {
      path: targetFile,
      state: z.enum(['present', 'absent']).default('present'),
      /** The lines between the markers. If it is empty, the block is removed with its markers. */
      block: z
        .string()
        .refine((text) => !text.includes('\0'), { error: 'cannot contain a NUL byte' })
        .default(''),
      /** The lines around the block. `{mark}` becomes `marker_begin` or `marker_end`. */
      marker: z
        .string()
        .regex(/^[^\r\n\0]*$/, { error: 'must be one line' })
        .default('# {mark} ANSIBLE MANAGED BLOCK'),
      marker_begin: mark.default('BEGIN'),
      marker_end: mark.default('END'),
      /**
       * Insert a new block at `EOF` (default), or after the last line that matches. An expression with `(?m)` is
       * searched in the whole text, and its first match counts.
       */
      insertafter: expression.optional(),
      /** Insert a new block at `BOF`, or before the last line that matches. */
      insertbefore: expression.optional(),
      /** Create the file if it does not exist. */
      create: z.boolean().default(false),
      /** Insert an empty line after the block, unless there is one or the file ends. */
      append_newline: z.boolean().default(false),
      /** Insert an empty line before the block, unless there is one or the file begins. */
      prepend_newline: z.boolean().default(false),
      ...replacing,
    },
    {
      error: refusing({
        ...FILE_PARAMS,
        content: 'write block',
        dest: 'write path',
        destfile: 'write path',
        name: 'write path',
        encoding: 'files are UTF-8',
      }),
    },
  )
  .refine(({ insertafter, insertbefore }) => insertafter === undefined || insertbefore === undefined, {
    error: 'insertafter and insertbefore are mutually exclusive',
  })
  .refine((params) => new Set(markerLines(params)).size === 2, {
    error: 'must contain {mark}, and marker_begin and marker_end must differ: the block could not be found again',
    path: ['marker'],
  })

type Params = z.output<typeof schema>

/** Manages a block of lines between two marker lines in a text file. */
export const blockinfile = defineModule<typeof schema, { readonly path: string }>({
  name: 'blockinfile',
  schema,
  ...textFileModule,
  title: (params) => `${params.path}${isRemoved(params) ? ' absent' : ''}`,
  planAfter(params, observed, state, inputs, vars) {
    const after = inNewDirectory(params.path, observed, state)
    return after && this.plan(params, after, inputs, vars)
  },
  plan(params, observed) {
    const { path, state, create } = params
    const [begin] = markerLines(params)
    const edit = {
      edited: (text: string) => editBlock(text, params),
      ifMissing: create
        ? state === 'absent'
          ? ('ok' as const)
          : ('create' as const)
        : { problem: `${path} does not exist: set create: true to create it` },
      notConvergent: NOT_CONVERGENT,
      description: (exists: boolean) =>
        isRemoved(params)
          ? `remove block "${begin}" from ${path}`
          : `${exists ? 'update' : 'create'} ${path}: block "${begin}"`,
    }
    return planTextEdit(params, edit, observed, { path })
  },
})

const isRemoved = ({ state, block }: Params): boolean => state === 'absent' || block === ''

/** Checked before any change: such a task would never converge. */
const NOT_CONVERGENT =
  'each run would change the file again: it has several such blocks, a marker without a newline at its end, ' +
  'or the block contains its own markers'
