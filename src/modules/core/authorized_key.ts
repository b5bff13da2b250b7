import { posix } from 'node:path'
import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { editKeys, keysIn } from '../support/authorized-keys.ts'
import { setAttributes, setContent, setNewDirectory, accountsOf, entryAt, treeAt } from '../support/effects.ts'
import { printBytes, sha256 } from '../support/file-content.ts'
import { CHANGED_MEANWHILE } from '../support/file-lock.ts'
import { homePathProbe, parseHomePath, type HomePath } from '../support/home-path.ts'
import { account, targetFile } from '../support/params.ts'
import { textProblem } from '../support/place-file.ts'
import { refusing } from '../support/refusing.ts'
import { replaceFile } from '../support/replace-file.ts'
import type { Plan } from '../module.ts'
import { defineModule } from '../task.ts'

const LIMIT = 1024 * 1024
const DEFAULT_PATH = '.ssh/authorized_keys'

const schema = z
  .strictObject(
    {
      user: account,
      /** Public keys, one a line. */
      key: z
        .string()
        .min(1)
        .refine((key) => !/^(https?|file):/.test(key), {
          error: 'is a URL: give the text of the key, for example from readFileSync() of the playbook',
        }),
      /** Default: `.ssh/authorized_keys` in the home. */
      path: targetFile.optional(),
      /** When the file changes: create its directory, and set its owner and mode 0700. */
      manage_dir: z.boolean().default(true),
      state: z.enum(['present', 'absent']).default('present'),
      /** Options of the keys, such as `no-pty,from="10.0.0.1"`. */
      key_options: z
        .string()
        .regex(/^[^\r\n\0]*$/, { error: 'must be one line' })
        .optional(),
      /** Remove all other keys and comments. */
      exclusive: z.boolean().default(false),
      /** Comment of the keys, instead of their own. */
      comment: z
        .string()
        .regex(/^[^\r\n\0]*$/, { error: 'must be one line' })
        .optional(),
      /** If the file is a link: write its target, not the link. */
      follow: z.boolean().default(false),
    },
    { error: refusing({ validate_certs: 'keys are not downloaded' }) },
  )
  .superRefine((params, context) => {
    const keys = keysIn(params)
    if (typeof keys === 'string')
      context.addIssue({ code: 'custom', path: ['key'], message: `"${keys}" is not a public key` })
    else if (keys.length === 0) context.addIssue({ code: 'custom', path: ['key'], message: 'has no public key' })
  })

type Params = z.output<typeof schema>

/** The file that has the keys. */
export interface AuthorizedKeyValues {
  readonly keyfile: string
}

/** Adds and removes SSH public keys of a user. The file gets mode 0600 when it changes. */
export const authorized_key = defineModule<typeof schema, AuthorizedKeyValues>({
  name: 'authorized_key',
  schema,
  reads: ({ user, path }) => [
    ...accountsOf({ owner: user }),
    ...(path === undefined ? treeAt('/home') : entryAt(path)),
  ],
  sets: ({ path }) => (path === undefined ? undefined : [...setContent(path), ...setNewDirectory(posix.dirname(path))]),
  title: ({ user, state }) => `${user}${state === 'absent' ? ' absent' : ''}`,
  probe: ({ user, path = DEFAULT_PATH }) =>
    homePathProbe({ user, path, follow: true, access: 'change', ancestors: true, read: { text: LIMIT } }),
  plan(params, observed): Plan<AuthorizedKeyValues> {
    const { user, path: given = DEFAULT_PATH } = params
    const found = parseHomePath(given, observed)
    if (found === undefined) return { changes: [], problem: `user "${user}" does not exist on this host` }
    if (typeof found === 'string') return { changes: [], problem: found }
    const { path, facts } = found
    const rest = { reads: entryAt(path), confidential: true }
    const values = { keyfile: path }
    const problem = problemOf(params, found)
    if (problem !== undefined) return { changes: [], problem, ...rest }
    const before = facts.content ?? ''
    const after = editKeys(before, params)
    if (after === before) return { changes: [], values, ...rest }
    return { changes: [changeOf(params, found, before, after)], values, ...rest }
  },
})

function problemOf({ manage_dir }: Params, { path, user, facts }: HomePath): string | undefined {
  const directory = posix.dirname(path)
  if (facts.kind === 'directory' || facts.kind === 'other') return `${path} is not a file`
  if (facts.kind === null && facts.blockedLevels !== undefined) return `a parent of ${path} is not a directory`
  if (facts.noParent && !manage_dir) return `directory ${directory} does not exist: create it, or set manage_dir: true`
  if (facts.noParent && facts.missingLevels > 2)
    return `directory ${posix.dirname(directory)} does not exist${directory.startsWith(user.home) ? ': the user has no home' : ''}`
  return textProblem(path, facts, LIMIT)
}

/** chown and chmod follow links: as root, they would give a user what the user's link leads to. */
const noForeignLink = (directory: string): string =>
  [
    sh`[ ! -L ${directory} ] || [ "$(id -u)" != 0 ] || [ "$(stat -c %u -- ${directory})" = 0 ] || {`,
    sh`  printf '%s is a link that is not root'\\''s: set manage_dir: false\\n' ${directory} >&2; exit 1; }`,
  ].join('\n')

function changeOf(params: Params, { path, user, facts }: HomePath, before: string, after: string) {
  const { manage_dir, state, follow } = params
  const directory = posix.dirname(path)
  const owner = `${user.uid}:${user.gid}`
  const manage = manage_dir
    ? [
        sh`[ -d ${directory} ] || mkdir -m 0700 -- ${directory} || exit`,
        noForeignLink(directory),
        sh`chown -- ${owner} ${directory} && chmod 0700 -- ${directory} || exit`,
      ]
    : []
  const replacement = replaceFile({
    path,
    fill: `${printBytes(Buffer.from(after))} >&8`,
    size: Buffer.byteLength(after),
    madeFrom: facts.kind === null ? null : sha256(before),
    ...(facts.kind === null ? {} : { old: facts }),
    owner: String(user.uid),
    group: String(user.gid),
    mode: 0o600,
    followLink: follow,
  })
  const keys = keysIn(params)
  const names = typeof keys === 'string' ? [] : keys.map(({ comment, type }) => comment || type)
  // Other keys of the file, and their options, are for its user only.
  const hidden = (text: string): string => (text === '' ? '' : '(not shown: only its user can read it)\n')
  return {
    description: `${state === 'absent' ? 'remove' : 'set'} keys of ${user.name}: ${names.join(', ')}`,
    script: [...manage, replacement].join('\n'),
    ...(manage_dir ? { dryRun: noForeignLink(directory) } : {}),
    outdatedExitCode: CHANGED_MEANWHILE,
    diff: { subject: path, before: hidden(before), after: hidden(after) },
    sets: [...setContent(path), ...(manage_dir ? [...setNewDirectory(directory), ...setAttributes(directory)] : [])],
  }
}
