import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Change, Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { attributeChanges } from '../support/attributes.ts'
import { entryAt, setContent, setDirectory } from '../support/effects.ts'
import { absentPlan } from '../support/file-states.ts'
import { downloadedKey, isUrl, keyDownload, sizeProblem } from '../support/key-download.ts'
import { isArmored } from '../support/openpgp.ts'
import { mode } from '../support/params.ts'
import { parsePathFacts, pathProbe, type PathFacts } from '../support/path-facts.ts'
import { planPlacement, type PlacedFile, type Placement, withParent } from '../support/place-file.ts'
import { separateOutputs, severalProbes } from '../support/several-probes.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const KEYRINGS = '/etc/apt/keyrings'

const words = z.union([z.string().transform((word) => word.split(',').map((part) => part.trim())), z.array(z.string())])
const list = words.optional()
const flag = z.boolean().optional()

/** The fields of the file. Names, types and order are those of Ansible's module. */
const fields = {
  allow_downgrade_to_insecure: flag,
  allow_insecure: flag,
  allow_weak: flag,
  architectures: list,
  by_hash: flag,
  check_date: flag,
  check_valid_until: flag,
  components: list,
  date_max_future: z.int().optional(),
  enabled: flag,
  inrelease_path: z.string().optional(),
  languages: list,
  /** Name of the repository. The names of its files are made from it. */
  name: z.string().min(1),
  pdiffs: flag,
  /**
   * The keys that may sign the repository: a `http(s)` URL, which the host downloads on each run to
   * `/etc/apt/keyrings`; the path of a keyring on the host; fingerprints; or an ASCII-armored key.
   */
  signed_by: z
    .string()
    .refine((text) => !/^[a-z][a-z0-9+.-]*:/i.test(text) || isUrl(text), {
      error: 'only http and https URLs are supported',
    })
    .optional(),
  /** `trixie`; or a path with a `/` at its end, without `components`. */
  suites: list,
  targets: list,
  /** true: packages are installed without a check of signatures. */
  trusted: flag,
  types: words.pipe(z.array(z.enum(['deb', 'deb-src']))).default(['deb']),
  uris: list,
}

const schema = z.strictObject({
  ...fields,
  /** Mode of the `.sources` file. */
  mode: mode.default(0o644),
  state: z.enum(['present', 'absent']).default('present'),
})

type Params = z.output<typeof schema>

export interface Deb822Values {
  /** The text of the file; null if it is absent. */
  readonly repo: string | null
  readonly dest: string
  /** The keyring file. */
  readonly key_filename: string | null
}

const slug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[_\s]+/g, '-')
    .replaceAll(/[^a-z0-9-]+/g, '')
const sourcesFile = ({ name }: Params): string => `/etc/apt/sources.list.d/${slug(name)}.sources`
const keyFile = ({ name }: Params, extension: KeyKind): string => `${KEYRINGS}/${slug(name)}.${extension}`

/** Armored and binary keys. */
const KEY_KINDS = ['asc', 'gpg'] as const
type KeyKind = (typeof KEY_KINDS)[number]

/**
 * Adds and removes APT repositories in the deb822 format, with their keys. Does not update the package lists: `apt`
 * with `update_cache` does, as it finds that the sources are newer. Unlike in Ansible, no python3-debian is needed.
 */
export const deb822_repository = defineModule<typeof schema, Deb822Values>({
  name: 'deb822_repository',
  schema,
  title: ({ name }) => name,
  // A URL may be that of a server which an earlier task starts.
  reads: (params) =>
    params.signed_by !== undefined && isUrl(params.signed_by) ? undefined : paths(params).flatMap(entryAt),
  sets: (params) => [...paths(params).flatMap(setContent), ...setDirectory(KEYRINGS)],
  probe(params) {
    return severalProbes([
      pathProbe({ path: sourcesFile(params), access: 'change', read: 'diff' }),
      ...KEY_KINDS.map((kind) => pathProbe({ path: keyFile(params, kind), access: 'change', read: 'hash' })),
      pathProbe({ path: KEYRINGS, follow: true }),
      keyProbe(params),
    ])
  },
  printsFiles: true,
  plan(params, observed) {
    const outputs = separateOutputs(observed)
    if (typeof outputs === 'string') return { changes: [], problem: outputs }
    const [sources, asc, gpg, keyrings, key] = [0, 1, 2, 3, 4].map((place) => outputs.get(String(place))) as [
      ...Observed[],
    ] as [Observed, Observed, Observed, Observed, Observed]
    if (params.state === 'absent') return planAbsent(params, sources, { asc, gpg })
    const signature = signatureOf(params, key)
    if ('problem' in signature) return { changes: [], problem: signature.problem }
    const keyPlan = planKey(params, signature, { asc, gpg }, keyrings)
    if (keyPlan.problem !== undefined) return { changes: [], problem: keyPlan.problem }
    const repo = sourcesText(params, signature.field)
    const { changes, problem, ...rest } = planPlacement(
      { ...placement(sourcesFile(params), Buffer.from(repo)), mode: params.mode },
      sources,
    )
    const values = { repo, dest: sourcesFile(params), key_filename: signature.file ?? null }
    return {
      ...rest,
      values,
      ...(problem === undefined ? { changes: [...keyPlan.changes, ...changes] } : { changes: [], problem }),
    }
  },
})

const paths = (params: Params): string[] => [
  sourcesFile(params),
  ...KEY_KINDS.map((kind) => keyFile(params, kind)),
  KEYRINGS,
  ...(params.signed_by?.startsWith('/') === true ? [params.signed_by] : []),
]

/** Prints a downloaded key in Base64, or whether a path is a file. */
function keyProbe({ signed_by, state }: Params): string {
  if (signed_by === undefined || state === 'absent') return ':'
  if (!isUrl(signed_by)) return sh`[ ! -f ${signed_by} ] || echo file`
  return keyDownload(signed_by)
}

/** The value of Signed-By, and the key file that it names, with its content if it was downloaded. */
interface Signature {
  readonly field: string | undefined
  readonly file?: string
  readonly content?: Buffer
}

function signatureOf(params: Params, { stdout, stderr }: Observed): Signature | { readonly problem: string } {
  const { signed_by } = params
  if (signed_by === undefined || !isUrl(signed_by))
    return stdout.trim() === 'file' && signed_by !== undefined
      ? { field: signed_by, file: signed_by }
      : { field: signed_by }
  const content = downloadedKey(stdout)
  if (content === undefined) return { problem: `cannot download the key ${signed_by}: ${lastLine(stderr)}` }
  const problem = sizeProblem(content)
  if (problem !== undefined) return { problem: `${signed_by} ${problem}` }
  const file = keyFile(params, isArmored(content) ? 'asc' : 'gpg')
  return { field: file, file, content }
}

const placement = (dest: string, content: Buffer): Placement => ({
  dest,
  content,
  confidential: false,
  backup: false,
  force: true,
  follow: false,
})

function planKey(
  params: Params,
  { file, content }: Signature,
  observed: Readonly<Record<KeyKind, Observed>>,
  keyringsObserved: Observed,
): Plan<PlacedFile> {
  if (content === undefined || file === undefined) return { changes: [] }
  const keyrings = parsePathFacts(keyringsObserved)
  if (typeof keyrings === 'string') return { changes: [], problem: `cannot stat ${KEYRINGS}: ${keyrings}` }
  const isMissing = keyrings.kind === null
  const found = observed[file === keyFile(params, 'asc') ? 'asc' : 'gpg']
  const plan = planPlacement({ ...placement(file, content), mode: 0o644 }, isMissing ? withParent(found) : found)
  if (plan.problem !== undefined || plan.changes.length === 0) return plan
  return { ...plan, changes: [...directoryChanges(keyrings), ...plan.changes] }
}

/** The directory of the keys has to be there, with these attributes, before a key is put into it. */
const directoryChanges = (facts: PathFacts): readonly Change[] =>
  facts.kind === null
    ? [
        {
          description: `create directory ${KEYRINGS} (0755)`,
          script: sh`mkdir -m 0755 -- ${KEYRINGS} || exit`,
          sets: setDirectory(KEYRINGS),
        },
      ]
    : attributeChanges(KEYRINGS, facts, { owner: 'root', group: 'root', mode: 0o755 })

function planAbsent(params: Params, sources: Observed, keys: Readonly<Record<KeyKind, Observed>>): Plan<Deb822Values> {
  const files = [
    [sourcesFile(params), sources],
    ...KEY_KINDS.map((kind) => [keyFile(params, kind), keys[kind]] as const),
  ] as const
  const changes: Change[] = []
  for (const [path, observed] of files) {
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${path}: ${facts}` }
    if (facts.kind === 'directory') return { changes: [], problem: `${path} is a directory, not a file` }
    const removal = absentPlan({ path, recurse: false, force: false, follow: false }, facts)
    if (typeof removal !== 'string') changes.push(...removal)
  }
  return { changes, values: { repo: null, dest: sourcesFile(params), key_filename: keyFile(params, 'gpg') } }
}

/** The text of the file, as python3-debian writes it. */
function sourcesText(params: Params, signedBy: string | undefined): string {
  const rows = (Object.keys(fields) as (keyof typeof fields)[]).flatMap((name) => {
    const value = name === 'signed_by' ? signedBy : params[name]
    if (value === undefined) return []
    const text = textOf(value)
    return [`${fieldName(name)}:${text === '' || text.startsWith('\n') ? '' : ' '}${text}\n`]
  })
  return rows.join('')
}

const textOf = (value: string | number | boolean | readonly string[]): string => {
  const text =
    typeof value === 'boolean' ? (value ? 'yes' : 'no') : typeof value === 'object' ? value.join(' ') : String(value)
  return text.includes('\n') ? `\n${indented(text)}` : text
}

const indented = (text: string): string =>
  text
    .trim()
    .split(/\r?\n/)
    .map((line) => `    ${line.trim() || '.'}`)
    .join('\n')

const fieldName = (name: string): string =>
  name === 'name'
    ? 'X-Repolib-Name'
    : name === 'uris'
      ? 'URIs'
      : name
          .split('_')
          .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
          .join('-')
