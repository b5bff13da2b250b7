import path from 'node:path'
import { z } from 'zod'
import type { Target } from '../connection/index.ts'
import type { Plan } from '../modules/module.ts'
import { contentOf } from '../modules/support/effects.ts'
import { targetFile } from '../modules/support/params.ts'
import { callWorker, workerAnswer } from '../modules/support/worker.ts'
import { defineModule } from '../modules/task.ts'
import type { UploadLook } from './upload-program.ts'

const PROGRAM = path.join(import.meta.dirname, 'upload-program.ts')

const schema = z.strictObject({
  /** The host to bring it to, and how it is reached. */
  target: z.custom<Target>((value) => typeof value === 'object' && value !== null),
  /** A file of the controller. */
  src: z.string().min(1),
  /** A path on the host; its folder is made. */
  dest: targetFile,
  /** What the file must be. Without it: what it is. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** `false`: a file that is there already is left as it is, whatever is in it. */
  force: z.boolean().default(true),
  /** Where the file is to come from: told where it is missing. */
  hint: z.string().optional(),
})

/** A file as it is on the host. */
export interface Uploaded {
  readonly path: string
  readonly sha256: string
}

/**
 * Brings a big file of the controller to a host, which `copy` cannot: it goes in pieces, over a line of its own, and
 * none of it is recorded. A task for the controller (`delegate_to: localhost`). The file is root's, and whole or not
 * there at all.
 */
export const upload = defineModule<typeof schema, Uploaded>({
  name: 'upload',
  schema,
  title: ({ src, dest, target }) => `${src} -> ${target.name}:${dest}`,
  timeLimitSeconds: () => 3600,
  reads: ({ target, src, dest }) => [`upload:${target.name}:${dest}`, ...contentOf(src)],
  sets: ({ target, dest }) => [`upload:${target.name}:${dest}`],
  probe: (params) => callWorker(PROGRAM, 'look', params),
  plan(params, observed): Plan<Uploaded> {
    const look = workerAnswer<UploadLook>(observed)
    if (typeof look === 'string') return { changes: [], problem: look }
    if (look.kept) return { changes: [] }
    const { src, dest, target, sha256 } = params
    if (sha256 !== undefined && look.here !== sha256)
      return {
        changes: [],
        problem: `${src} has the checksum ${look.here}, not ${sha256}: it is damaged, or another file`,
      }
    const values = { path: dest, sha256: look.here }
    if (look.there === look.here) return { changes: [], values }
    const size = `${(look.size / 1e6).toFixed(look.size < 1e6 ? 3 : 0)} MB`
    return {
      changes: [
        {
          description: `bring ${src} to ${target.name}:${dest} (${size})`,
          script: callWorker(PROGRAM, 'send', params),
        },
      ],
      values,
    }
  },
})
