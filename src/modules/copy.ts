import { posix } from 'node:path'
import { z } from 'zod'
import { reveal, Secret } from '../values/secret.ts'
import type { Inputs } from './module.ts'
import { replacing, secretText, targetPath } from './support/params.ts'
import { accountsOf, entryAt, setTree } from './support/effects.ts'
import { lookAt, sharedLook, type Look } from './support/path-facts.ts'
import { planPlacement, type PlacedFile } from './support/place-file.ts'
import { sha256 } from './support/file-content.ts'
import { defineModule } from './task.ts'

const schema = z
  .strictObject({
    /** The text itself. A file made from a secret is its owner's alone unless `mode` says otherwise. */
    content: secretText.optional(),
    /** A file on the controller. */
    src: z.string().min(1).optional(),
    /** The file on the host; with `src`, a path that ends in `/` means into that folder. */
    dest: targetPath,
    /** false: a file that is there is left alone. */
    force: z.boolean().default(true),
    ...replacing,
  })
  .refine(({ content, src }) => (content === undefined) !== (src === undefined), {
    error: 'give either content or src',
  })
  .refine(({ dest, src }) => src !== undefined || !dest.endsWith('/'), {
    error: 'dest ends in /: with content, name the file',
    path: ['dest'],
  })

type Params = z.output<typeof schema>

const file = ({ dest, src = '' }: Params): string => (dest.endsWith('/') ? posix.join(dest, posix.basename(src)) : dest)

const bytes = ({ content }: Params, inputs: Inputs): Buffer =>
  content === undefined ? (inputs['src'] ?? Buffer.alloc(0)) : Buffer.from(reveal(content))

function look(params: Params, inputs: Inputs): Look {
  const content = bytes(params, inputs)
  const { owner, group } = params
  // What was there before may be an older secret, which no record could mask: it is compared by hash alone.
  const read = params.content instanceof Secret ? 'hash' : { size: content.length, sha256: sha256(content) }
  return { path: file(params), owner, group, read }
}

/** Puts text, or a file of the controller, onto the host. */
export const copy = defineModule<typeof schema, PlacedFile>({
  name: 'copy',
  schema,
  title: file,
  reads: (params) => [...entryAt(file(params)), ...accountsOf(params)],
  sets: (params) => setTree(file(params)),
  inputs: ({ src }) => (src === undefined ? {} : { src }),
  probe: (params, inputs) => lookAt(look(params, inputs)),
  shares: (params, inputs) => sharedLook(look(params, inputs)),
  contained: true,
  plan(params, observed, inputs) {
    const confidential = params.content instanceof Secret
    return planPlacement({ ...params, dest: file(params), content: bytes(params, inputs), confidential }, observed)
  },
})
