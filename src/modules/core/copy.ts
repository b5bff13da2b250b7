import { posix } from 'node:path'
import * as z from 'zod'
import { reveal, Secret, SecretBytes } from '../../values/secret.ts'
import type { InputFiles, Inputs } from '../module.ts'
import { fileMode, modeOrPreserve, replacing, secretContent, targetPath, withoutSlash } from '../support/params.ts'
import { accountsOf, entryAt, setNewDirectory, setTree, treeAt } from '../support/effects.ts'
import { batchedTreeFacts, entriesIn, planTree, planTreeAfter, treeProbe } from '../support/copy-tree.ts'
import { batchedRemoteFacts, planRemoteCopy, remoteProbe } from '../support/copy-remote.ts'
import { pathProbe, batchedPathFacts, type PathQuery } from '../support/path-facts.ts'
import { planPlacementInto } from '../support/missing-directory.ts'
import { inNewDirectory, type Placement } from '../support/place-file.ts'
import { FILE_PARAMS, refusing } from '../support/refusing.ts'
import { sha256 } from '../support/file-content.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject(
    {
      /** Content of the file. A new file with secret content gets mode 0600 unless `mode` is set. */
      content: secretContent.optional(),
      /**
       * A file or directory on the controller. With a slash at its end, what is in the directory is copied, otherwise
       * the directory with its name.
       */
      src: z
        .string()
        .min(1)
        .refine((path) => !/(^|\/)\.\.\/?$/.test(path), { error: 'must not end in ..' })
        .optional(),
      /** `src` is on the host. */
      remote_src: z.boolean().default(false),
      /**
       * Path on the host. With `src`, it may be a directory, or a link to one: the file is put into it. If it ends in a
       * slash, or `src` is a directory, a missing directory is created.
       */
      dest: targetPath,
      /** false: an existing file is not changed. */
      force: z.boolean().default(true),
      /** If `dest` is a link to a file: write to that file. Otherwise the link is replaced. */
      follow: z.boolean().default(false),
      /** Links in a directory of the controller: copy what they lead to (default), or the links. */
      local_follow: z.boolean().optional(),
      ...replacing,
      /** As in `file`, or `preserve`: that of `src`. */
      mode: modeOrPreserve.optional(),
      /** Mode of directories that are created. With a directory as `src`, also of those below `dest` that exist. */
      directory_mode: fileMode.optional(),
    },
    {
      error: refusing({
        ...FILE_PARAMS,
        checksum: 'the content is compared on the host',
        decrypt: 'encrypted files are refused: put the text into an encrypted variable',
      }),
    },
  )
  .refine(({ content, src }) => (content === undefined) !== (src === undefined), {
    error: 'set either content or src',
  })
  .refine(({ dest, src }) => src !== undefined || !dest.endsWith('/'), {
    error: 'dest ends in /: with content, it must be the path of a file',
    path: ['dest'],
  })
  .refine(({ src, mode, remote_src }) => src !== undefined || (mode !== 'preserve' && !remote_src), {
    error: "mode: 'preserve' and remote_src require src",
  })
  .refine(({ src, remote_src }) => !remote_src || src?.startsWith('/') === true, {
    error: 'with remote_src, it must be an absolute path on the host',
    path: ['src'],
  })
  .refine(({ src, remote_src }) => !remote_src || src === undefined || posix.resolve(src) !== '/', {
    error: 'the whole file system cannot be copied: name a directory',
    path: ['src'],
  })

type Params = z.output<typeof schema>

/** A file or directory that was copied. */
export interface CopiedFile {
  readonly dest: string
  /** SHA-256 of the content of a file, in hexadecimal. */
  readonly checksum?: string
  readonly size?: number
}

const isSlashed = (path: string | undefined): boolean => path?.endsWith('/') === true

/** The path of the file. */
const destination = ({ dest, src = '' }: Params): string =>
  isSlashed(dest) && !isSlashed(src) ? posix.join(dest, posix.basename(src)) : dest

const nameInDirectory = ({ dest, src }: Params): string | undefined =>
  src === undefined || isSlashed(dest) ? undefined : posix.basename(src)

/** The source, if it is a directory of the controller. */
const treeOf = (params: Params, inputs: Inputs): (Params & { readonly src: string }) | undefined =>
  params.src !== undefined && entriesIn(inputs)[0]?.kind === 'directory' ? { ...params, src: params.src } : undefined

/** A source on the host. */
const remoteOf = (params: Params): (Params & { readonly src: string }) | undefined =>
  params.remote_src && params.src !== undefined ? { ...params, src: params.src } : undefined

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
    ancestors: isSlashed(params.dest),
    owner,
    group,
    read,
  }
}

function placement(params: Params, inputs: Inputs): Placement {
  const { mode } = params
  return {
    ...params,
    mode: mode === 'preserve' ? entriesIn(inputs)[0]?.mode : mode,
    dest: destination(params),
    nameInDirectory: nameInDirectory(params),
    content: bytes(params, inputs),
    confidential: params.content instanceof Secret,
  }
}

/** Copies text, or files and directories of the controller or the host, to the host. */
export const copy = defineModule<typeof schema, CopiedFile>({
  name: 'copy',
  schema,
  title: ({ dest, src = '' }) => (isSlashed(dest) && !isSlashed(src) ? posix.join(dest, posix.basename(src)) : dest),
  reads: (params) => [
    ...(isSlashed(params.src) ? treeAt(withoutSlash(params.dest)) : entryAt(destination(params))),
    ...(params.remote_src && params.src !== undefined ? treeAt(withoutSlash(params.src)) : []),
    ...accountsOf(params),
  ],
  sets: (params) => [
    ...setTree(withoutSlash(destination(params))),
    ...(isSlashed(params.dest) ? setNewDirectory(withoutSlash(params.dest)) : []),
  ],
  inputs({ src, remote_src, local_follow = true }): InputFiles {
    return src === undefined || remote_src ? {} : { src: { tree: src, followLinks: local_follow } }
  },
  probe(params, inputs) {
    const tree = treeOf(params, inputs)
    const remote = remoteOf(params)
    if (tree !== undefined) return treeProbe(tree, inputs)
    return remote !== undefined ? remoteProbe(remote) : pathProbe(pathQuery(params, inputs))
  },
  batchedFacts(params, inputs) {
    const tree = treeOf(params, inputs)
    const remote = remoteOf(params)
    if (tree !== undefined) return batchedTreeFacts(tree, inputs)
    return remote !== undefined ? batchedRemoteFacts(remote) : batchedPathFacts(pathQuery(params, inputs))
  },
  sideEffectFree: true,
  planAfter(params, observed, state, inputs, vars) {
    const tree = treeOf(params, inputs)
    if (tree !== undefined) return planTreeAfter(tree, observed, state, inputs)
    const after = params.remote_src ? undefined : inNewDirectory(destination(params), observed, state)
    return after && this.plan(params, after, inputs, vars)
  },
  plan(params, observed, inputs) {
    const tree = treeOf(params, inputs)
    const remote = remoteOf(params)
    if (tree !== undefined) return planTree(tree, observed, inputs)
    return remote !== undefined
      ? planRemoteCopy(remote, observed)
      : planPlacementInto(placement(params, inputs), params, observed)
  },
})
