import { posix } from 'node:path'
import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Plan } from '../module.ts'
import {
  attributeChanges,
  attributesDenied,
  describeAttributes,
  differing,
  missingAccount,
} from '../support/attributes.ts'
import { accountsOf, entryAt, setContent, setsAt } from '../support/effects.ts'
import { defineFetch, headers, httpUrl } from '../support/http.ts'
import { replacing, targetPath } from '../support/params.ts'
import { pathProbe, parsePathFacts, type PathFacts } from '../support/path-facts.ts'
import { entryProblem } from '../support/path-access.ts'
import { obstacle, readsOf } from '../support/place-file.ts'
import { FILE_PARAMS, refusing } from '../support/refusing.ts'
import { replaceFile } from '../support/replace-file.ts'
import { replacementDryRun } from '../support/replacement-dry-run.ts'
import { NEW_FILE, oldMode, replacedAttributes, resolveMode, type WithBits } from '../support/resolve-mode.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const CHECKSUM = /^sha256:([0-9a-f]{64}|https?:\/\/\S+)$/i

const REFUSED = {
  ...FILE_PARAMS,
  decompress: 'a file is stored as the server sends it',
  force_basic_auth: 'set the header Authorization',
  tmp_dest: 'the new file is written next to the old one',
  url_password: 'set the header Authorization',
  url_username: 'set the header Authorization',
}

const schema = z.strictObject(
  {
    url: httpUrl,
    /**
     * Path on the host. If it is a directory, or a link to one, the file name is that of the URL, as written there, or
     * `index.html`. Unlike in Ansible, a link is followed, and the server does not choose the name.
     */
    dest: targetPath,
    /** `sha256:` and the checksum, or the URL of a checksum list that names the file. */
    checksum: z
      .string()
      .regex(CHECKSUM, {
        error: "must be 'sha256:' and 64 hexadecimal digits, or 'sha256:' and the URL of a checksum list",
      })
      .optional(),
    /**
     * Without a checksum: download the file on each run to compare it. If false, an existing file is not checked;
     * unlike in Ansible, the server is not asked whether it is newer.
     */
    force: z.boolean().default(false),
    headers: headers.default({}),
    validate_certs: z.boolean().default(true),
    /** CA certificate file on the host. */
    ca_path: z.string().optional(),
    /** Seconds to connect, and the longest pause in a transfer. */
    timeout: z.number().positive().default(10),
    ...replacing,
  },
  { error: refusing(REFUSED) },
)

type Params = z.output<typeof schema>

const nameIn = (url: string): string => new URL(url).pathname.split('/').at(-1) || 'index.html'
const destination = ({ dest, url }: Pick<Params, 'dest' | 'url'>): string =>
  dest.endsWith('/') ? posix.join(dest, nameIn(url)) : dest

const sumOf = ({ checksum }: Pick<Params, 'checksum'>): { known?: string; list?: string } => {
  const value = checksum?.slice('sha256:'.length)
  return value === undefined ? {} : value.startsWith('http') ? { list: value } : { known: value.toLowerCase() }
}

const fetchOf = ({ headers, validate_certs, ca_path, timeout }: Omit<Params, 'mode'>, url: string): string =>
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
  /** SHA-256 of the existing file, in hexadecimal. */
  readonly checksum?: string
}

/** Downloads a file to the host, with the host's curl or wget. */
export const get_url = defineModule<typeof schema, DownloadValues>({
  name: 'get_url',
  schema,
  // A response may depend on anything: an earlier task may start that very server.
  reads: (params) =>
    wantedSum(params) === undefined ? [...entryAt(destination(params)), ...accountsOf(params)] : undefined,
  sets: (params) => setContent(destination(params)),
  title: (params) => `${params.url} -> ${destination(params)}`,
  probe(params) {
    const { owner, group } = params
    return pathProbe({
      path: destination(params),
      nameInDirectory: params.dest.endsWith('/') ? undefined : nameIn(params.url),
      follow: true,
      access: 'change',
      owner,
      group,
      extraProbe: wantedSum(params),
      read: 'hash',
    })
  },
  plan(given, observed) {
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${destination(given)}: ${facts}` }
    const placed = facts.isInDirectory ? { ...given, dest: `${given.dest}/` } : given
    const dest = destination(placed)
    const params = resolveMode(placed, oldMode(facts, NEW_FILE, placed))
    if (typeof params === 'string') return { changes: [], problem: `${dest}: ${params}` }
    const problem = obstacle(dest, facts) ?? missingAccount(facts, params)
    const reads = readsOf(dest, facts)
    if (problem !== undefined) return { changes: [], problem, ...reads }
    if (facts.words.has('fetched no'))
      return {
        changes: [],
        problem: `cannot download ${sumOf(params).list ?? params.url}: ${lastLine(observed.stderr)}`,
      }
    const wanted = sumOf(params).known ?? valueOf(facts, 'remote ') ?? listedSum(params, facts)
    if (wanted === undefined && sumOf(params).list !== undefined)
      return { changes: [], problem: `${sumOf(params).list} has no SHA-256 checksum of ${nameIn(params.url)}` }
    return { ...planDownload(params, facts, wanted), ...reads }
  },
})

/** Prints the desired checksum if only the network has it: the checksum list, or the checksum of the remote file. */
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

const valueOf = ({ words }: PathFacts, prefix: string): string | undefined =>
  [...words].find((line) => line.startsWith(prefix))?.slice(prefix.length)

const LIST_LINE = /^(?<sum>[0-9a-f]{64})(?:\s+\*?(?<name>.*))?$/i
const BSD_LINE = /^SHA256 ?\((?<name>.+)\) ?= (?<sum>[0-9a-f]{64})$/i

/** The checksum of the file in a list of sha256sum, also in the format of BSD, or the only one in it. */
function listedSum({ url }: Pick<Params, 'url'>, { words }: PathFacts): string | undefined {
  const lines = [...words]
    .filter((line) => line.startsWith('sum '))
    .map((line) => line.slice(4).trim())
    .filter((line) => line !== '')
  const entries = lines.flatMap((line) => {
    const { sum, name } = (LIST_LINE.exec(line) ?? BSD_LINE.exec(line))?.groups ?? {}
    return sum === undefined ? [] : [{ sum, name: name?.replace(/^\.\//, '') }]
  })
  const wanted = nameIn(url)
  const named =
    entries.find(({ name }) => name === wanted) ??
    entries.find(({ name }) => name !== undefined && posix.basename(name) === wanted)
  const only = entries.length === 1 && entries[0]?.name === undefined ? entries[0] : undefined
  return (named ?? only)?.sum.toLowerCase()
}

function planDownload(params: WithBits<Params>, facts: PathFacts, wanted: string | undefined): Plan<DownloadValues> {
  const dest = destination(params)
  const { url, owner, group, mode, validate, backup } = params
  const values = { url, dest, ...(facts.sha256 === undefined ? {} : { checksum: facts.sha256 }) }
  const exists = facts.kind === 'file'
  const isUpToDate = exists && (wanted === undefined || wanted === facts.sha256)
  const denied = isUpToDate ? attributesDenied(dest, facts, params) : entryProblem(dest, facts)
  if (denied !== undefined) return { changes: [], problem: denied }
  if (isUpToDate) return { changes: attributeChanges(dest, facts, params), values }
  // A page may differ with each download: only a given checksum is verified.
  const verify =
    wanted === undefined || params.checksum === undefined
      ? []
      : [
          'lb_sum=$(sha256sum <"$lb_new") || exit; lb_sum=${lb_sum%% *}',
          sh`[ "$lb_sum" = ${wanted} ] && lb_sum= || printf 'checksum mismatch of %s: %s\\n' ${url} "$lb_sum" >&2`,
          '[ -z "$lb_sum" ] || exit 1',
        ]
  const script = replaceFile({
    path: dest,
    fill: [fetchOf(params, url), 'lb_fetch >&8 || exit', ...verify, ':'].join('\n'),
    ...(exists ? replacedAttributes(facts, params) : { owner, group, mode }),
    validate,
    backup: backup && exists,
    followLink: true,
  })
  // Without the content, which only a download brings.
  const dryRun = replacementDryRun({ path: dest, fill: ':', followLink: true })
  const attributes = describeAttributes(exists ? differing(facts, params) : params)
  const description = `${exists ? 'download again' : 'download'} ${url} to ${dest}${attributes === '' ? '' : ` (${attributes})`}`
  const recurs = wanted !== undefined && params.checksum === undefined
  return {
    changes: [{ description, script, dryRun, sets: setsAt(dest, facts, setContent), ...(recurs && { recurs }) }],
    values,
  }
}
