import { posix } from 'node:path'
import * as z from 'zod'
import { archiveFacts, archiveProblem, planArchive, type UnarchiveValues } from '../support/archive-plan.ts'
import { extractArchive, probeArchive, setArchiveAttributes } from '../support/archive-scripts.ts'
import { accountsOf, contentOf, emptyTree, setTree, treeAt } from '../support/effects.ts'
import { attributes, mode, targetFile } from '../support/params.ts'
import { FILE_PARAMS, refusing } from '../support/refusing.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject(
    {
      /**
       * The archive: of the controller, or with `remote_src` of the host. tar, also compressed with gzip, bzip2, xz or
       * zstd, and zip. One of the controller is sent to the host on each run, and has up to 16 MiB.
       */
      src: z.string().min(1),
      /** Directory on the host. It must exist. */
      dest: targetFile,
      /** `src` is on the host. */
      remote_src: z.boolean().default(false),
      /** A path that the archive creates: if it exists, the task does nothing. */
      creates: targetFile.optional(),
      /** Return the names in the archive as `files`. */
      list_files: z.boolean().default(false),
      /** Names to leave out: patterns of tar or unzip. */
      exclude: z.array(z.string().min(1)).default([]),
      /** Names to extract, instead of all. */
      include: z.array(z.string().regex(/^[^-]/, 'must not begin with a hyphen')).default([]),
      /** Options of tar or unzip, a word each: `--strip-components=1`. */
      extra_opts: z.array(z.string().min(1)).default([]),
      ...attributes,
      /**
       * Of everything in the archive, directories too: octal, or symbolic for all of user, group and others:
       * `'u=rwX,...'` is refused.
       */
      mode: mode.optional(),
    },
    {
      error: refusing({
        ...FILE_PARAMS,
        copy: 'write remote_src',
        decrypt: 'files that are encrypted with Ansible Vault are not decrypted',
        io_buffer_size: 'the archive is read by programs of the host',
        keep_newer: 'a file that is newer would be a change on each run: use creates, or exclude the file',
        validate_certs: 'download the archive with get_url',
      }),
    },
  )
  .refine(({ include, exclude }) => include.length === 0 || exclude.length === 0, {
    error: 'set either include or exclude',
  })
  .refine(({ src }) => !/^\w+:\/\//.test(src), {
    error: 'must be a file: download a URL with get_url, then set remote_src: true',
    path: ['src'],
  })
  .refine(({ src, remote_src }) => !remote_src || src.startsWith('/'), {
    error: 'must be an absolute path on the host',
    path: ['src'],
  })

/**
 * Extracts an archive on the host, with its tar or unzip. The archive is compared with the directory first: with the
 * same files there, nothing is extracted.
 */
export const unarchive = defineModule<typeof schema, UnarchiveValues>({
  name: 'unarchive',
  schema,
  title: ({ src, dest }) => `${src} -> ${dest}`,
  timeLimitSeconds: () => 1800,
  reads: (params) => [
    ...treeAt(params.dest),
    ...accountsOf(params),
    ...(params.remote_src ? contentOf(params.src) : []),
    ...(params.creates === undefined ? [] : contentOf(params.creates)),
  ],
  sets: ({ dest }) => setTree(dest),
  inputs: ({ src, remote_src }): Readonly<Record<string, string>> => (remote_src ? {} : { archive: src }),
  // The scripts contain an archive of the controller, and the archive may have private files.
  printsFiles: true,
  probe: (params, inputs) => probeArchive(params, inputs['archive'] ?? Buffer.alloc(0)),
  planAfter(params, observed, { changed }, inputs, vars) {
    const empty = emptyTree(params.dest)
    const isNew = Object.entries(changed).every(([key, value]) => value === true && empty[key] === true)
    if (!isNew || !/^no-dest$/m.test(observed.stdout)) return undefined
    const stdout = observed.stdout.replace(/^no-dest\n/m, '')
    return this.plan(params, { ...observed, stdout }, inputs, vars)
  },
  plan(params, observed, inputs) {
    const confidential = !params.remote_src
    if (/^created$/m.test(observed.stdout))
      return { changes: [], msg: `skipped, since ${params.creates} exists`, confidential }
    const problem = archiveProblem(params, observed)
    if (problem !== undefined) return { changes: [], problem, confidential }
    const facts = archiveFacts(params, observed)
    const isNew = facts.directory === undefined
    const archive = inputs['archive'] ?? Buffer.alloc(0)
    const planned = planArchive(
      params,
      isNew ? { ...facts, differences: facts.files.map((name) => `${name}: missing`) } : facts,
      {
        extract: (isZip) => extractArchive(params, archive, isZip),
        attributes: (isZip) => setArchiveAttributes(params, archive, isZip),
      },
    )
    const { real } = facts
    const isElsewhere = real !== undefined && real !== posix.normalize(params.dest)
    const changes = isElsewhere
      ? planned.changes.map((change) => ({ ...change, sets: [...setTree(params.dest), ...setTree(real)] }))
      : planned.changes
    return { ...planned, changes, confidential, ...(isElsewhere && { reads: treeAt(real) }) }
  },
})
