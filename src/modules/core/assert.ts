import * as z from 'zod'
import { shorten } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  /** Conditions that must be true. */
  that: z.union([z.boolean(), z.array(z.boolean())], { error: 'must be a boolean or a list of booleans' }),
  fail_msg: z.string().optional(),
  success_msg: z.string().default('All assertions passed'),
})

/** Fails the task if a condition is false. */
export const assert = defineModule<typeof schema, { readonly msg: string }>({
  name: 'assert',
  schema,
  reads: () => [],
  sets: () => [],
  title: ({ fail_msg }) => shorten(fail_msg === undefined ? '' : `else: ${fail_msg}`),
  probe: () => ':',
  plan({ that, fail_msg, success_msg }) {
    const all = [that].flat()
    const failed = all.findIndex((holds) => !holds)
    if (failed === -1) return { changes: [], values: { msg: success_msg } }
    const which = all.length === 1 ? '' : ` (condition ${failed + 1} of ${all.length})`
    return { changes: [], problem: `${fail_msg ?? 'Assertion failed'}${which}` }
  },
})
