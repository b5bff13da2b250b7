import path from 'node:path'
import * as z from 'zod'
import { codeFile } from '../../bundle/worker-path.ts'
import type { ConnectionSettings } from '../../connection/index.ts'
import type { Plan } from '../module.ts'
import { contentOf, setContent, setDirectory } from '../support/effects.ts'
import { targetFile } from '../support/params.ts'
import { callWorker, workerAnswer } from '../support/worker.ts'
import { defineModule } from '../task.ts'
import type { FileComparison } from './upload-program.ts'

const PROGRAM = codeFile(import.meta.dirname, 'upload-program')

const schema = z.strictObject({
  /** The host to upload to, and its connection settings. */
  target: z.custom<ConnectionSettings>((value) => typeof value === 'object' && value !== null),
  /** A file of the controller. */
  src: z.string().min(1),
  /** A path on the host; its directory is created. */
  dest: targetFile,
  /** The expected checksum. Default: that of `src`. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** `false`: an existing file is not replaced, whatever its content. */
  force: z.boolean().default(true),
  /** How to get the file: shown when `src` does not exist. */
  hint: z.string().optional(),
})

/** The file on the host. */
export interface UploadedFile {
  readonly path: string
  readonly sha256: string
}

/**
 * Uploads a file from the controller to a host. Unlike `copy` it handles big files: it sends chunks over a separate
 * connection and records none of them. Runs on the controller (`delegate_to: localhost`). The file is owned by root and
 * replaced atomically.
 */
export const upload = defineModule<typeof schema, UploadedFile>({
  name: 'upload',
  schema,
  title: ({ src, dest, target }) => `${src} -> ${target.name}:${dest}`,
  timeLimitSeconds: () => 3600,
  reads: ({ target, src, dest }) => [`upload:${target.name}:${dest}`, ...contentOf(src)],
  sets: ({ target, dest }) => [`upload:${target.name}:${dest}`],
  setsOnOtherHost: ({ target, dest }) => ({
    host: target.name,
    sets: [...setContent(dest), ...setDirectory(path.posix.dirname(dest))],
  }),
  probe: (params) => callWorker(PROGRAM, 'compare', params),
  plan(params, observed): Plan<UploadedFile> {
    const comparison = workerAnswer(observed) as FileComparison | string
    if (typeof comparison === 'string') return { changes: [], problem: comparison }
    if (comparison.keepExisting) return { changes: [] }
    const { src, dest, target, sha256 } = params
    if (sha256 !== undefined && comparison.localSha256 !== sha256)
      return {
        changes: [],
        problem: `checksum of "${src}" is ${comparison.localSha256}, not ${sha256}: the file is damaged, or another file`,
      }
    const values = { path: dest, sha256: comparison.localSha256 }
    if (comparison.remoteSha256 === comparison.localSha256) return { changes: [], values }
    const size = `${(comparison.size / 1e6).toFixed(comparison.size < 1e6 ? 3 : 0)} MB`
    return {
      changes: [
        {
          description: `upload ${src} to ${target.name}:${dest} (${size})`,
          script: callWorker(PROGRAM, 'send', params),
        },
      ],
      values,
    }
  },
})
