import { posix } from 'node:path'
import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Plan } from '../module.ts'
import { entryAt, contentOf, setContent } from '../support/effects.ts'
import { absentPlan } from '../support/file-states.ts'
import { httpUrl } from '../support/http.ts'
import { downloadedKey, keyDownload, sizeProblem } from '../support/key-download.ts'
import { fingerprints, isArmored } from '../support/openpgp.ts'
import { targetFile } from '../support/params.ts'
import { parsePathFacts, pathProbe } from '../support/path-facts.ts'
import { planPlacement } from '../support/place-file.ts'
import { separateOutputs, severalProbes } from '../support/several-probes.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const WITHOUT_KEYRING =
  'set keyring to a new file of this key: /etc/apt/keyrings/NAME.asc, for repositories that name it with signed-by; ' +
  'or /etc/apt/trusted.gpg.d/NAME.asc, which signs all repositories'

const schema = z
  .strictObject({
    /**
     * Fingerprint of the key, or its last 8 or 16 digits, which are not safe. With `present`, another key is an error.
     * Read from the key itself, no gpg is needed.
     */
    id: z
      .string()
      .regex(/^(0x)?[0-9a-f ]{8,}$/i, { error: 'must be a fingerprint in hexadecimal' })
      .transform((id) => id.replace(/^0x/i, '').replaceAll(' ', '').toUpperCase())
      .optional(),
    /** The key. */
    data: z.string().min(1).optional(),
    /** A key file on the host. */
    file: targetFile.optional(),
    /** URL of the key, which the host downloads on each run. */
    url: httpUrl.optional(),
    /**
     * The file for the key: in `/etc/apt/keyrings`, for repositories that name it with `signed-by`, or in
     * `/etc/apt/trusted.gpg.d`. An armored key needs the extension `.asc`, another `.gpg`: APT goes by it.
     */
    keyring: z
      .string({ error: WITHOUT_KEYRING })
      .regex(/^(\/[^/\n]+)+\.(asc|gpg)$/, { error: 'must be an absolute path with the extension .asc or .gpg' }),
    state: z.enum(['present', 'absent']).default('present'),
    validate_certs: z.boolean().default(true),
  })
  .refine(
    ({ state, data, file, url }) =>
      [data, file, url].filter((each) => each !== undefined).length === (state === 'absent' ? 0 : 1),
    { error: 'set one of url, data and file, and none with state: absent' },
  )

type Params = z.output<typeof schema>

export interface AptKeyValues {
  /** Fingerprint of the key; null if it is absent. */
  readonly fp: string | null
  /** Last 16 digits of it. */
  readonly key_id: string | null
  /** Last 8 digits of it. */
  readonly short_id: string | null
}

const sourceOf = ({ url, file }: Params): string => url ?? file ?? 'data'

/**
 * Puts a key that signs APT repositories into a file. Ansible's module runs `apt-key`, which Debian 13 no longer has,
 * and lets the key sign every repository; here `keyring` is required. `deb822_repository` with `signed_by` is the
 * shorter way.
 */
export const apt_key = defineModule<typeof schema, AptKeyValues>({
  name: 'apt_key',
  schema,
  title: ({ keyring }) => keyring,
  // A URL may be that of a server which an earlier task starts.
  reads: ({ keyring, file, url }) =>
    url === undefined ? [...entryAt(keyring), ...(file === undefined ? [] : contentOf(file))] : undefined,
  sets: ({ keyring }) => setContent(keyring),
  probe: ({ keyring, url, file, validate_certs, state }) =>
    severalProbes([
      pathProbe({ path: keyring, access: state === 'absent' ? 'remove' : 'change', read: 'hash' }),
      url !== undefined
        ? keyDownload(url, validate_certs)
        : file === undefined
          ? ':'
          : sh`[ ! -r ${file} ] || head -c 1048577 -- ${file} | base64 | tr -d '\\n'`,
    ]),
  plan(params, observed) {
    const outputs = separateOutputs(observed)
    if (typeof outputs === 'string') return { changes: [], problem: outputs }
    const [at, source] = ['0', '1'].map((place) => outputs.get(place))
    if (at === undefined || source === undefined) return { changes: [], problem: 'the probe is not complete' }
    if (params.state === 'absent') {
      const facts = parsePathFacts(at)
      if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${params.keyring}: ${facts}` }
      const removal = absentPlan({ path: params.keyring, recurse: false, force: false, follow: false }, facts)
      return typeof removal === 'string'
        ? { changes: [], problem: removal }
        : { changes: removal, values: { fp: null, key_id: null, short_id: null } }
    }
    const key = params.data === undefined ? downloadedKey(source.stdout) : Buffer.from(params.data)
    if (key === undefined)
      return { changes: [], problem: `cannot download the key ${params.url}: ${lastLine(source.stderr)}` }
    const problem = keyProblem(params, key)
    if (problem !== undefined) return { changes: [], problem }
    const found = fingerprints(key)
    const fp = (found.find((each) => params.id !== undefined && each.endsWith(params.id)) ?? found[0]) as string
    const plan: Omit<Plan<unknown>, 'values' | 'changeValues'> = planPlacement(
      {
        dest: params.keyring,
        content: key,
        mode: 0o644,
        confidential: false,
        backup: false,
        force: true,
        follow: false,
      },
      at,
    )
    return { ...plan, values: { fp, key_id: fp.slice(-16), short_id: fp.slice(-8) } }
  },
})

/** Why a file is not the key that is wanted, or not in the form that APT takes it for. */
function keyProblem(params: Params, key: Buffer): string | undefined {
  const { id, file, keyring } = params
  const source = sourceOf(params)
  const wrongSize = sizeProblem(key)
  if (wrongSize !== undefined)
    return file !== undefined && key.length === 0 ? `${file} does not exist, or is empty` : `${source} ${wrongSize}`
  const found = fingerprints(key)
  if (found.length === 0) return `${source} has no OpenPGP public key`
  if (id !== undefined && !found.some((each) => each.endsWith(id)))
    return `${source} has the key ${found[0] as string}, not ${id}: not trusted`
  const extension = isArmored(key) ? '.asc' : '.gpg'
  return posix.extname(keyring) === extension
    ? undefined
    : `${source} is ${extension === '.asc' ? 'an armored' : 'a binary'} key: APT reads it from a file that ends in ${extension}`
}
