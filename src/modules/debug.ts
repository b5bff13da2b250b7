import { z } from 'zod'
import { shorten } from './support/text.ts'
import { defineModule } from './task.ts'

const schema = z.strictObject({
  /** Text, or any value, such as one that was registered. */
  msg: z.unknown(),
})

/** Puts a value into the run's record and onto the screen. */
export const debug = defineModule<typeof schema, { readonly msg: unknown }>({
  name: 'debug',
  schema,
  reads: () => [],
  sets: () => [],
  title: ({ msg }) => shorten(typeof msg === 'string' ? msg : (JSON.stringify(msg) ?? '')),
  probe: () => ':',
  plan: ({ msg }) => ({ changes: [], values: { msg } }),
})
