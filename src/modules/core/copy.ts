import { posix } from 'node:path'
import * as z from 'zod'
import { reveal, Secret, SecretBytes } from '../../values/secret.ts'
import type { Inputs } from '../module.ts'
import { replacing, secretContent, targetPath } from '../support/params.ts'
import { accountsOf, entryAt, setTree } from '../support/effects.ts'
import { pathProbe, batchedPathFacts, type PathQuery } from '../support/path-facts.ts'
import { inNewDirectory, planPlacement, type PlacedFile } from '../support/place-file.ts'
import { sha256 } from '../support/file-content.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject({
    /** Content of the file. A new file with secret content gets mode 0600 unless `mode` is set. */
    content: secretContent.optional(),
    /** A file on the controller. */
    src: z.string().min(1).optional(),
    /** Path on the host. With `src`, it may be a directory, or a link to one: the file is put into it. */
    dest: targetPath,
    /** false: an existing file is not changed. */
    force: z.boolean().default(true),
    /** If `dest` is a link to a file: write to that file. Otherwise the link is replaced. */
    follow: z.boolean().default(false),
    ...replacing,
  })
  .refine(({ content, src }) => (content === undefined) !== (src === undefined), {
    error: 'set either content or src',
  })
  .refine(({ dest, src }) => src !== undefined || !dest.endsWith('/'), {
    error: 'dest ends in /: with content, it must be the path of a file',
    path: ['dest'],
  })

type Params = z.output<typeof schema>

const destination = ({ dest, src = '' }: Params): string =>
  dest.endsWith('/') ? posix.join(dest, posix.basename(src)) : dest

const nameInDirectory = ({ dest, src }: Params): string | undefined =>
  src === undefined || dest.endsWith('/') ? undefined : posix.basename(src)

const bytes = ({ content }: Params, inputs: Inputs): Buffer => {
  if (content === undefined) return inputs['src'] ?? Buffer.alloc(0)
  return content instanceof SecretBytes ? content.revealBytes() : Buffer.from(reveal(content))
}

function pathQuery(params: Params, inputs: Inputs): PathQuery {
  const content = bytes(params, inputs)
  const { owner, group, follow } = params
  // The old content may be an older secret that no record could mask, so only hashes are compared.
  const read = params.content instanceof Secret ? 'hash' : { size: content.length, sha256: sha256(content) }
  return {
    path: destination(params),
    nameInDirectory: nameInDirectory(params),
    follow,
    access: 'change',
    owner,
    group,
    read,
  }
}

/** Copies text or a file of the controller to the host. */
export const copy = defineModule<typeof schema, PlacedFile>({
  name: 'copy',
  schema,
  title: destination,
  reads: (params) => [...entryAt(destination(params)), ...accountsOf(params)],
  sets: (params) => setTree(destination(params)),
  inputs: ({ src }) => (src === undefined ? {} : { src }),
  probe: (params, inputs) => pathProbe(pathQuery(params, inputs)),
  batchedFacts: (params, inputs) => batchedPathFacts(pathQuery(params, inputs)),
  sideEffectFree: true,
  planAfter(params, observed, state, inputs, vars) {
    const after = inNewDirectory(destination(params), observed, state)
    return after && this.plan(params, after, inputs, vars)
  },
  plan(params, observed, inputs) {
    const confidential = params.content instanceof Secret
    return planPlacement(
      {
        ...params,
        dest: destination(params),
        nameInDirectory: nameInDirectory(params),
        content: bytes(params, inputs),
        confidential,
      },
      observed,
    )
  },
})
