import * as z from 'zod'
import { octal, targetFile } from '../support/params.ts'
import { NUMBERS, readsAt, treeAt } from '../support/effects.ts'
import { pathProbe, parsePathFacts, batchedPathFacts, type PathQuery } from '../support/path-facts.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const schema = z.strictObject({
  path: targetFile,
  /** Follow links. */
  follow: z.boolean().default(false),
  /** Compute the checksum of files that the user of the task can read. */
  get_checksum: z.boolean().default(true),
  checksum_algorithm: z.enum(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']).default('sha1'),
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
  /** In hexadecimal, of files: SHA-1, or `checksum_algorithm`. */
  readonly checksum?: string
}

const SUM = 'sum='

const pathQuery = ({ path, follow, get_checksum, checksum_algorithm }: z.output<typeof schema>): PathQuery => ({
  path,
  follow,
  ...(get_checksum
    ? {
        extraProbe: `case $lb_f in 8*) if [ -r "$lb_p" ]; then lb_h=$(${checksum_algorithm}sum <"$lb_p"); echo "${SUM}\${lb_h%% *}"; fi;; esac`,
      }
    : {}),
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
    const { kind, mode, uid, gid, user, group, size, mtime, target, words } = facts
    const sum = [...words].find((word) => word.startsWith(SUM))?.slice(SUM.length)
    const reads = readsAt(facts, treeAt)
    if (sum === '') return { changes: [], problem: `cannot read ${path}: ${lastLine(observed.stderr)}`, ...reads }
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
      ...(sum === undefined ? {} : { checksum: sum }),
    }
    return { changes: [], values, ...reads }
  },
})
