import { posix } from 'node:path'
import { z } from 'zod'
import { sh } from '../shell/quote.ts'
import { absentPlan, directoryPlan, linkPlan, plainPlan, touchPlan, type FileParams } from './support/file-states.ts'
import { missingAccount } from './support/attributes.ts'
import { attributes, targetFile } from './support/params.ts'
import { lookAt, parsePathFacts } from './support/path-facts.ts'
import { defineModule } from './task.ts'
import { strayScript, takeStray } from './support/recurse.ts'

const schema = z.strictObject({
  path: targetFile,
  /** `touch` makes an empty file where none is; it leaves the times of one that is there. Default `file`. */
  state: z.enum(['file', 'directory', 'absent', 'link', 'touch']).optional(),
  /** What a link points to. */
  src: z.string().min(1).optional(),
  /** Gives everything below a directory the same owner, group and mode. */
  recurse: z.boolean().default(false),
  /** For links: replaces a file that is in the way, and allows a target that does not exist. */
  force: z.boolean().default(false),
  /** Owner and mode are those of what a link points to. */
  follow: z.boolean().default(true),
  modification_time: z.literal('preserve').optional(),
  access_time: z.literal('preserve').optional(),
  ...attributes,
})
  .transform(({ state, ...rest }) => ({ ...rest, state: state ?? (rest.recurse ? 'directory' as const : 'file' as const) }))

export { schema, posix, sh, absentPlan, directoryPlan, linkPlan, plainPlan, touchPlan, missingAccount, lookAt, parsePathFacts, defineModule, strayScript, takeStray, type FileParams }
