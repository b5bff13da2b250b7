import * as z from 'zod'
import { replacing, targetFile } from '../support/params.ts'
import { planTextEdit, textFileModule } from '../support/edit-text-file.ts'
import { checkReplacement, PatternError, sectionPattern, textPattern } from '../support/line-pattern.ts'
import { FILE_PARAMS, refusing } from '../support/refusing.ts'
import { replaceText, sectionExpression } from '../support/replace-text.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject(
    {
      path: targetFile,
      /** Python's regular expression of what to replace, everywhere. `^` and `$` match at each line. */
      regexp: z.string(),
      /** The new text. `\1` and `\g<name>` are replaced by groups of `regexp`. Without it, matches are removed. */
      replace: z
        .string()
        .refine((text) => !text.includes('\0'), { error: 'cannot contain a NUL byte' })
        .default(''),
      /** Replace only after the first match of this expression. There, `.` matches a newline, too. */
      after: z.string().optional(),
      /** Replace only before this expression: its first match after `after`, or else its last match. */
      before: z.string().optional(),
      encoding: z
        .literal('utf-8', { error: 'must be utf-8: files of other encodings are not supported' })
        .default('utf-8'),
      ...replacing,
    },
    {
      error: refusing({
        ...FILE_PARAMS,
        dest: 'write path',
        destfile: 'write path',
        name: 'write path',
      }),
    },
  )
  .superRefine((params, context) => {
    const section = sectionExpression(params)
    try {
      checkReplacement(textPattern(params.regexp), params.replace)
      if (section !== undefined) sectionPattern(section)
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
    }
  })

/** Replaces all matches of a regular expression in a text file. */
export const replace = defineModule<typeof schema, { readonly path: string }>({
  name: 'replace',
  schema,
  ...textFileModule,
  title: ({ path, regexp }) => `${path}: ${regexp}`,
  plan(params, observed) {
    const { path, regexp } = params
    const edit = {
      edited: (text: string) => replaceText(text, params),
      ifMissing: { problem: `${path} does not exist` },
      notConvergent: NOT_CONVERGENT,
      description: () => `update ${path}: replace ${regexp}`,
    }
    return planTextEdit(params, edit, observed, { path })
  },
})

/** Checked before any change: such a task would never converge. */
const NOT_CONVERGENT =
  'this regexp and replace do not converge: each run would replace text again. ' +
  'Write a regexp that does not match the new text'
