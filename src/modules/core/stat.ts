import * as z from 'zod'
import { octal, targetFile } from '../support/params.ts'
import { NUMBERS, readsAt, treeAt } from '../support/effects.ts'
import { pathProbe, parsePathFacts, batchedPathFacts, type PathQuery } from '../support/path-facts.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  path: targetFile,
  /** Follow links. */
  follow: z.boolean().default(false),
  /** Compute the SHA-256 of files. */
  get_checksum: z.boolean().default(true),
})

/** Facts about a path, with Ansible's names. If nothing exists, only `exists` and `path`. */
export interface StatValues {
  readonly exists: boolean
  readonly path: string
  readonly isreg?: boolean
  readonly isdir?: boolean
  readonly islnk?: boolean
  /** `0644` */
  readonly mode?: string
  readonly uid?: number
  readonly gid?: number
  readonly pw_name?: string
  readonly gr_name?: string
  /** Bytes. */
  readonly size?: number
  /** Seconds since 1970. */
  readonly mtime?: number
  readonly lnk_target?: string
  /** SHA-256 in hexadecimal, of files. */
  readonly checksum?: string
}

const pathQuery = ({ path, follow, get_checksum }: z.output<typeof schema>): PathQuery => ({
  path,
  follow,
  ...(get_checksum ? { read: 'hash' as const } : {}),
})

/** Retrieves facts about a path. Unlike in Ansible, one below a file or in a loop of links does not exist. */
export const stat = defineModule<typeof schema, StatValues>({
  name: 'stat',
  schema,
  // A directory's time and size change with its entries.
  reads: ({ path }) => [...treeAt(path), NUMBERS],
  sets: () => [],
  title: ({ path }) => path,
  probe: (params) => pathProbe(pathQuery(params)),
  batchedFacts: (params) => batchedPathFacts(pathQuery(params)),
  sideEffectFree: true,
  plan({ path }, observed) {
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${path}: ${facts}` }
    const { kind, mode, uid, gid, user, group, size, mtime, target, sha256 } = facts
    const reads = readsAt(facts, treeAt)
    if (kind === null) return { changes: [], values: { exists: false, path }, ...reads }
    const values: StatValues = {
      exists: true,
      path,
      isreg: kind === 'file',
      isdir: kind === 'directory',
      islnk: kind === 'link',
      mode: octal(mode),
      uid,
      gid,
      pw_name: user,
      gr_name: group,
      size,
      mtime,
      ...(target === undefined ? {} : { lnk_target: target }),
      ...(sha256 === undefined ? {} : { checksum: sha256 }),
    }
    return { changes: [], values, ...reads }
  },
})
