import * as z from 'zod'
import { shorten } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({ msg: z.string().default('Failed as requested from task') })

/** Fails the task; for use with `when`. */
export const fail = defineModule<typeof schema, never>({
  name: 'fail',
  schema,
  reads: () => [],
  sets: () => [],
  title: ({ msg }) => shorten(msg),
  probe: () => ':',
  plan: ({ msg }) => ({ changes: [], problem: msg }),
})
