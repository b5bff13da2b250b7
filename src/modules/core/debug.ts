import * as z from 'zod'
import { shorten } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  /** Message: text or any value, such as a registered one. */
  msg: z.unknown(),
})

/** undefined for a value that JSON does not have, such as undefined. */
const jsonOf = (value: unknown, indent?: number): string | undefined => JSON.stringify(value, null, indent)

const textOf = (value: unknown): string => jsonOf(value, 2) ?? String(value)

/** Prints and records a value. */
export const debug = defineModule<typeof schema, { readonly msg: unknown }>({
  name: 'debug',
  schema,
  reads: () => [],
  sets: () => [],
  title: ({ msg }) => shorten(typeof msg === 'string' ? msg : (jsonOf(msg) ?? '')),
  probe: () => ':',
  plan: ({ msg }) => ({ changes: [], values: { msg }, msg: typeof msg === 'string' ? msg : textOf(msg) }),
})
