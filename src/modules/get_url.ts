import { posix } from 'node:path'
import { z } from 'zod'
import { sh } from '../shell/quote.ts'
import type { Plan } from './module.ts'
import { attributeChanges, describeAttributes, differing, missingAccount } from './support/attributes.ts'
import { accountsOf, entryAt, readsAt, setContent, setsAt } from './support/effects.ts'
import { defineFetch, headers, httpUrl } from './support/http.ts'
import { replacing, targetPath } from './support/params.ts'
import { lookAt, parsePathFacts, type PathFacts } from './support/path-facts.ts'
import { obstacle } from './support/place-file.ts'
import { replaceFile } from './support/replace-file.ts'
import { lastLine } from './support/text.ts'
import { defineModule } from './task.ts'

const CHECKSUM = /^sha256:([0-9a-f]{64}|https?:\/\/\S+)$/i

const schema = z
  .strictObject({
    url: httpUrl,
    /** The file on the host; a path that ends in `/` means into that folder, with the name the address ends in. */
    dest: targetPath,
    /** `sha256:` and the sum, or the address of a list of sums that names the file. */
    checksum: z
      .string()
      .regex(CHECKSUM, {
        error: "write 'sha256:' and 64 hexadecimal digits, or 'sha256:' and the address of a list of sums",
      })
      .optional(),
    /** Without a checksum: fetches the file at each run to compare it. Else a file that is there is the right one. */
    force: z.boolean().default(false),
    headers: headers.default({}),
    validate_certs: z.boolean().default(true),
    /** Certificates to trust, a file on the host. */
    ca_path: z.string().optional(),
    /** Seconds to connect, and that the server may be silent. */
    timeout: z.number().positive().default(10),
    ...replacing,
  })
  .refine(({ dest, url }) => !dest.endsWith('/') || nameIn(url) !== '', {
    error: 'the address ends in no file name: give dest one',
    path: ['dest'],
  })

type Params = z.output<typeof schema>

const nameIn = (url: string): string => posix.basename(decodeURIComponent(new URL(url).pathname))
const file = ({ dest, url }: Params): string => (dest.endsWith('/') ? posix.join(dest, nameIn(url)) : dest)

const sumOf = ({ checksum }: Params): { known?: string; list?: string } => {
  const value = checksum?.slice('sha256:'.length)
  return value === undefined ? {} : value.startsWith('http') ? { list: value } : { known: value.toLowerCase() }
}

const fetchOf = ({ headers, validate_certs, ca_path, timeout }: Params, url: string): string =>
  defineFetch({
    url,
    headers,
    validateCerts: validate_certs,
    caPath: ca_path,
    followRedirects: true,
    connectTimeout: timeout,
  })

export interface DownloadValues {
  readonly url: string
  readonly dest: string
  /** SHA-256 of the file as it is, in hexadecimal. */
  readonly checksum?: string
}

/** Fetches a file from an address onto the host, with the host's curl or wget. */
export const get_url = defineModule<typeof schema, DownloadValues>({
  name: 'get_url',
  schema,
  // What a server answers may depend on anything: an earlier task may start that very server.
  reads: (params) => (wantedSum(params) === undefined ? [...entryAt(file(params)), ...accountsOf(params)] : undefined),
  sets: (params) => setContent(file(params)),
  title: (params) => `${params.url} -> ${file(params)}`,
  probe(params) {
    const { owner, group } = params
    return lookAt({ path: file(params), follow: true, owner, group, also: wantedSum(params), read: 'hash' })
  },
  plan(params, observed) {
    const dest = file(params)
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot look at ${dest}: ${facts}` }
    const problem = obstacle(dest, facts) ?? missingAccount(facts, params)
    const reads = readsAt(facts, entryAt)
    if (problem !== undefined) return { changes: [], problem, ...reads }
    if (facts.words.has('fetched no'))
      return { changes: [], problem: `cannot fetch ${sumOf(params).list ?? params.url}: ${lastLine(observed.stderr)}` }
    const wanted = sumOf(params).known ?? word(facts, 'remote ') ?? listed(params, facts)
    if (wanted === undefined && sumOf(params).list !== undefined)
      return { changes: [], problem: `${sumOf(params).list} has no SHA-256 sum of ${nameIn(params.url)}` }
    return { ...planDownload(params, facts, wanted), ...reads }
  },
})

/** Prints what the file should be, where only the network can tell: the list of sums, or the sum of what is there. */
function wantedSum(params: Params): string | undefined {
  const { list, known } = sumOf(params)
  if (list !== undefined)
    return `${fetchOf(params, list)}\n{ lb_fetch || printf '\\nno\\n'; } | sed 's/^/sum /; s/^sum no$/fetched no/'`
  if (known !== undefined || !params.force) return undefined
  return [
    fetchOf(params, params.url),
    "exec 3>&1; lb_sum=$({ lb_fetch || echo 'fetched no' >&3; } | sha256sum); exec 3>&-",
    'echo "remote ${lb_sum%% *}"',
  ].join('\n')
}

const word = ({ words }: PathFacts, prefix: string): string | undefined =>
  [...words].find((line) => line.startsWith(prefix))?.slice(prefix.length)

/** The sum of the file in a list as sha256sum prints it, or the only thing in it. */
function listed({ url }: Params, { words }: PathFacts): string | undefined {
  const lines = [...words]
    .filter((line) => line.startsWith('sum '))
    .map((line) => line.slice(4).trim())
    .filter((line) => line !== '')
  const entries = lines.map((line) => /^([0-9a-f]{64})(?:\s+\*?(.*))?$/i.exec(line)).filter((entry) => entry !== null)
  const named = entries.find(([, , name]) => name !== undefined && posix.basename(name) === nameIn(url))
  const only = entries.length === 1 && entries[0]?.[2] === undefined ? entries[0] : undefined
  return (named ?? only)?.[1]?.toLowerCase()
}

function planDownload(params: Params, facts: PathFacts, wanted: string | undefined): Plan<DownloadValues> {
  const dest = file(params)
  const { url, owner, group, mode, validate, backup } = params
  const values = { url, dest, ...(facts.sha256 === undefined ? {} : { checksum: facts.sha256 }) }
  const there = facts.kind === 'file'
  if (there && (wanted === undefined || wanted === facts.sha256))
    return { changes: attributeChanges(dest, facts, params), values }
  const check =
    wanted === undefined
      ? []
      : [
          'lb_sum=$(sha256sum <"$lb_new") || exit; lb_sum=${lb_sum%% *}',
          sh`[ "$lb_sum" = ${wanted} ] && lb_sum= || printf '%s has another checksum than asked for: %s\\n' ${url} "$lb_sum" >&2`,
          '[ -z "$lb_sum" ] || exit 1',
        ]
  const script = replaceFile({
    path: dest,
    fill: [fetchOf(params, url), 'lb_fetch >&8 || exit', ...check, ':'].join('\n'),
    ...(there ? { old: facts, ...differing(facts, params) } : { owner, group, mode }),
    validate,
    backup: backup && there,
    through: true,
  })
  const attributes = describeAttributes(there ? differing(facts, params) : params)
  const description = `${there ? 'fetch again' : 'fetch'} ${url} to ${dest}${attributes === '' ? '' : ` (${attributes})`}`
  return { changes: [{ description, script, sets: setsAt(dest, facts, setContent) }], values }
}
