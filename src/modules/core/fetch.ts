import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { contentOf, readsAt, setContent, setTree } from '../support/effects.ts'
import { sha1 } from '../support/file-content.ts'
import { targetFile } from '../support/params.ts'
import { parsePathFacts, pathProbe } from '../support/path-facts.ts'
import { isOrBecomesPrivate } from '../support/place-file.ts'
import { separateOutputs, severalProbes } from '../support/several-probes.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const LIMIT = 5 * 1024 * 1024

const schema = z.strictObject({
  /** A file on the host, up to 5 MiB. A link is followed. */
  src: targetFile,
  /**
   * Directory on the controller, relative to the project: the file is written to `DEST/HOST/SRC`. With `flat`, the
   * file itself, or with a trailing `/` its directory.
   */
  dest: z
    .string()
    .min(1)
    .regex(/^[^~]/, { error: '~ is not expanded here: use a path of the project or an absolute one' }),
  /** `dest` is the path of the file, without host and path of `src`. */
  flat: z.boolean().default(false),
  /** false: a file that is missing or cannot be read is no error. */
  fail_on_missing: z.boolean().default(true),
  /** Has no effect: the file is read at once, and written as it was read. */
  validate_checksum: z.boolean().default(true),
})

type Params = z.output<typeof schema>

/** What Ansible returns, where it found a file. */
export interface FetchValues {
  readonly file: string
  /** Absolute path on the controller. */
  readonly dest?: string
  /** SHA-1, in hexadecimal. */
  readonly checksum?: string
  readonly remote_checksum?: string
  readonly md5sum?: string
  readonly remote_md5sum?: null
}

const controllerFile = ({ src, dest, flat }: Params, host: string): string =>
  !flat ? posix.join(dest, host, src) : dest.endsWith('/') ? posix.join(dest, posix.basename(src)) : dest

/**
 * Copies a file of the host to the controller. A file that others on the host cannot read gets mode 0600 there, and is
 * in no record.
 */
export const fetch = defineModule<typeof schema, FetchValues>({
  name: 'fetch',
  schema,
  title: ({ src, dest }) => `${src} -> ${dest}`,
  reads: ({ src }) => contentOf(src),
  sets: () => [],
  setsOnOtherHost: ({ dest, flat, src }, { path } = {}) => ({
    host: 'localhost',
    sets:
      path !== undefined
        ? setContent(String(path))
        : !dest.startsWith('/')
          ? setTree('/')
          : flat
            ? setContent(dest.endsWith('/') ? posix.join(dest, posix.basename(src)) : dest)
            : setTree(dest),
  }),
  controllerFile,
  printsFiles: true,
  probe: ({ src }) =>
    severalProbes([
      pathProbe({ path: src, follow: true }),
      sh`lb_p=${src}; if [ -f "$lb_p" ]; then
  [ -r "$lb_p" ] || exit 1; lb_z=$(wc -c <"$lb_p") || exit
  [ "$lb_z" -gt ${LIMIT} ] || base64 <"$lb_p" || exit
fi`,
    ]),
  plan(params, observed, inputs) {
    const { src, fail_on_missing } = params
    const missing = (why: string, reads = {}) =>
      fail_on_missing
        ? { changes: [], problem: why, ...reads }
        : { changes: [], values: { file: src }, msg: `${why}, not transferring, ignored`, ...reads }
    const outputs = separateOutputs(observed)
    if (typeof outputs === 'string') return missing(`cannot read ${src}: ${outputs}`)
    const facts = parsePathFacts(outputs.get('0') ?? { stdout: '', stderr: '', exitCode: 1 })
    if (typeof facts === 'string') return missing(`cannot read ${src}: ${facts}`)
    const reads = readsAt(facts, contentOf)
    if (facts.kind === null) return missing('the remote file does not exist', reads)
    if (facts.kind === 'directory')
      return missing('remote file is a directory, fetch cannot work on directories', reads)
    if (facts.kind !== 'file') return missing(`${src} is not a regular file`, reads)
    const read = outputs.get('1')
    if (read === undefined || read.exitCode !== 0)
      return missing(`cannot read ${src}: ${lastLine(observed.stderr) || 'permission denied'}`, reads)
    const content = Buffer.from(read.stdout, 'base64')
    // Logs grow, and files of /proc have no size.
    if (facts.size > LIMIT || content.length < facts.size)
      return {
        changes: [],
        problem:
          facts.size > LIMIT
            ? `${src} has ${facts.size} bytes, and fetch takes up to ${LIMIT}: run scp in a command of localhost`
            : `${src} changed while it was read`,
        ...reads,
      }
    const dest = String(inputs['path'])
    if (inputs['directory'] !== undefined)
      return { changes: [], problem: `"${dest}" on the controller is a directory: append / to dest`, ...reads }
    const checksum = sha1(content)
    const md5sum = createHash('md5').update(content).digest('hex')
    const values = { file: src, dest, checksum, remote_checksum: checksum, md5sum, remote_md5sum: null }
    if (inputs['current']?.equals(content) === true) return { changes: [], values, ...reads }
    const kind = inputs['current'] === undefined ? 'new' : 'replaces another'
    return {
      changes: [
        {
          description: `fetch ${src} to ${dest} (${content.length} bytes, ${kind})`,
          script: ':',
          sets: [],
          recurs: true,
        },
      ],
      saves: { content, isPrivate: isOrBecomesPrivate(facts) },
      values,
      ...reads,
    }
  },
})
