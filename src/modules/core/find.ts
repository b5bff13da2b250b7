import * as z from 'zod'
import { NUMBERS, treeAt } from '../support/effects.ts'
import { filterFound, findProbe, parseFound, type FoundFile } from '../support/found-files.ts'
import { grepPattern } from '../support/grep-pattern.ts'
import { matchPattern, PatternError } from '../support/line-pattern.ts'
import { mode, targetFile } from '../support/params.ts'
import { refusing } from '../support/refusing.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const texts = z.union([z.string().transform((text) => text.split(',')), z.array(z.string())])

const amount = (units: string): RegExp => new RegExp(`^(-?\\d+)([${units}])?$`, 'i')
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 }
const BYTES: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

const amountIn = (units: Readonly<Record<string, number>>, error: string) =>
  z
    .union([z.string(), z.int().transform(String)])
    .refine((text) => amount(Object.keys(units).join('')).test(text), { error })
    .transform((text) => {
      const [, count = '', unit = ''] = amount(Object.keys(units).join('')).exec(text) ?? []
      return Number(count) * (units[unit.toLowerCase()] ?? 1)
    })
    .optional()

const schema = z
  .strictObject(
    {
      /** Directories to search: a list, or a text with commas between them. */
      paths: texts.pipe(z.array(targetFile).min(1)),
      /**
       * Names, as a list or with commas between them: shell patterns or, with `use_regex`, Python's regular expressions
       * from the start of the name.
       */
      patterns: texts.default([]),
      /** Names to leave out. */
      excludes: texts.default([]),
      /** A line must match this expression from its start. For files only. */
      contains: z
        .string()
        .superRefine((pattern, context) => {
          const translated = grepPattern(pattern)
          if (typeof translated === 'object') context.addIssue({ code: 'custom', message: translated.error })
        })
        .optional(),
      file_type: z.enum(['any', 'directory', 'file', 'link']).default('file'),
      /** At least this old: `2d`, in `s`, `m`, `h`, `d` or `w`. Negative: at most. */
      age: amountIn(SECONDS, 'must be an age, such as 2d or -1h'),
      age_stamp: z.enum(['atime', 'ctime', 'mtime']).default('mtime'),
      /** At least this size: `10m`, in `b`, `k`, `m`, `g` or `t`. Negative: at most. */
      size: amountIn(BYTES, 'must be a size, such as 10m or -1k'),
      /** Search directories below, too. */
      recurse: z.boolean().default(false),
      /** Levels of directories to search with `recurse`. */
      depth: z.int().positive().optional(),
      /** Include names that begin with a dot. */
      hidden: z.boolean().default(false),
      /** Follow links to directories. */
      follow: z.boolean().default(false),
      get_checksum: z.boolean().default(false),
      checksum_algorithm: z.enum(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']).default('sha1'),
      use_regex: z.boolean().default(false),
      /** Octal, or symbolic for all of user, group and others: `'u=rw,g=r,o='`. */
      mode: mode.optional(),
      /** false: one bit of `mode` is enough. */
      exact_mode: z.boolean().default(true),
      /** Return this many at most. */
      limit: z.int().positive().optional(),
    },
    {
      error: refusing({
        checksum: 'write checksum_algorithm',
        checksum_algo: 'write checksum_algorithm',
        encoding: 'files are read as UTF-8',
        exclude: 'write excludes',
        name: 'write paths',
        path: 'write paths',
        pattern: 'write patterns',
        read_whole_file: 'contains looks at each line',
      }),
    },
  )
  .superRefine(({ use_regex, patterns, excludes }, context) => {
    if (!use_regex) return
    for (const pattern of [...patterns, ...excludes]) {
      try {
        matchPattern(pattern)
      } catch (error) {
        if (!(error instanceof PatternError)) throw error
        context.addIssue({ code: 'custom', message: error.message })
      }
    }
  })

/** What was found, as in Ansible. */
export interface FindValues {
  readonly files: readonly FoundFile[]
  readonly matched: number
  readonly msg: string
  /** Paths that are no directories, and directories that cannot be read, with the reasons. */
  readonly skipped_paths: Readonly<Record<string, string>>
}

/** Finds files by name, age, size, mode and content. Changes nothing. */
export const find = defineModule<typeof schema, FindValues>({
  name: 'find',
  schema,
  // With `follow`, links can lead anywhere.
  reads: ({ paths, follow }) => (follow ? undefined : [...paths.flatMap(treeAt), NUMBERS]),
  sets: () => [],
  title: ({ paths, patterns }) => `${patterns.join(', ') || '*'} in ${paths.join(', ')}`,
  probe: findProbe,
  plan(params, observed) {
    if (observed.exitCode !== 0) return { changes: [], problem: `cannot search: ${lastLine(observed.stderr)}` }
    const found = parseFound(observed.stdout)
    if (found.newline !== undefined)
      return { changes: [], problem: `a name below ${found.newline} contains a newline, which is not supported` }
    const files = filterFound(params, found)
    const msg = found.isIncomplete
      ? 'Not all paths examined, check warnings for details'
      : files.length === params.limit
        ? 'Limit of matches reached'
        : 'All paths examined'
    return {
      changes: [],
      values: { files, matched: files.length, msg, skipped_paths: Object.fromEntries(found.skipped) },
      reads: found.real.flatMap(treeAt),
    }
  },
})
