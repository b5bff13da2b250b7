import { posix } from 'node:path'
import * as z from 'zod'
import { codeFile } from '../../bundle/worker-path.ts'
import type { Change, Plan } from '../module.ts'
import { entryAt, setAttributes, setContent, setNewDirectory } from '../support/effects.ts'
import { alwaysSecret, targetFile } from '../support/params.ts'
import { callWorker, workerAnswer } from '../support/worker.ts'
import { defineModule } from '../task.ts'
import { sh } from '../../shell/quote.ts'
import { reveal } from '../../values/secret.ts'
import { nameError, passwordError } from './validation.ts'
import { defaultCost, MAX_COST } from './hash.ts'
import type { HtpasswdState } from './program.ts'

const PROGRAM = codeFile(import.meta.dirname, 'program')

/** A zod check with a message. */
const refuse =
  <T>(fault: (value: T) => string | undefined) =>
  (value: T, context: z.core.$RefinementCtx<T>): void => {
    const message = fault(value)
    if (message !== undefined) context.issues.push({ code: 'custom', message, input: value })
  }

const account = z.strictObject({
  name: z.string().superRefine(refuse(nameError)),
  /** Default: generated, and stored in `generated`. */
  password: alwaysSecret.superRefine(refuse((password) => passwordError(reveal(password)))).optional(),
})

const schema = z
  .strictObject({
    /** The htpasswd file. */
    path: targetFile,
    /** The complete list of users. */
    users: z.array(account).min(1, { error: 'list at least one user, or nobody can log in' }),
    /** A YAML file for generated passwords. Removing a user also removes the password here. */
    generated: targetFile,
    /**
     * bcrypt's cost: each step doubles the time. Default: 10, or 5 for generated passwords, which nobody can guess.
     */
    cost: z.number().int().min(4).max(MAX_COST).optional(),
  })
  .superRefine(({ users, path, generated }, context) => {
    const names = users.map(({ name }) => name)
    const repeated = names.find((name, i) => names.indexOf(name) !== i)
    if (repeated !== undefined)
      context.addIssue({ code: 'custom', path: ['users'], message: `duplicate user "${repeated}"` })
    if (path === generated)
      context.addIssue({ code: 'custom', path: ['generated'], message: 'must differ from "path"' })
  })

type Params = z.output<typeof schema>

/** What {@link htpasswd} registers. */
export interface Htpasswd {
  readonly path: string
  readonly generated: string
  readonly users: readonly string[]
}

/** Users and passwords of a registry, in an htpasswd file on the controller with mode 0600. */
export const htpasswd = defineModule<typeof schema, Htpasswd>({
  name: 'htpasswd',
  schema,
  reads: ({ path, generated }) => [path, generated].flatMap(entryAt),
  sets: ({ path, generated }) =>
    [path, generated].flatMap((file) => [
      ...setNewDirectory(posix.dirname(file)),
      ...setContent(file),
      ...setAttributes(file),
    ]),
  title: ({ path }) => path,
  // A hash of the maximum cost takes seconds to verify.
  timeLimitSeconds: ({ users }) => 120 + 30 * users.length,
  probe: (params) => callWorker(PROGRAM, 'look', params),

  plan(params, observed): Plan<Htpasswd> {
    const look = workerAnswer(observed) as HtpasswdState | string
    if (typeof look === 'string') return { changes: [], problem: look }
    const { path, generated, users } = params
    return { changes: changesFor(params, look), values: { path, generated, users: users.map(({ name }) => name) } }
  },
})

/** One change per user, and changes of the files themselves. */
function changesFor(params: Params, look: HtpasswdState): Change[] {
  const changes = look.users.flatMap(({ name, state }): Change[] => {
    const user = params.users.filter((each) => each.name === name)
    const where = look.generate.includes(name) ? ` (generated, stored in ${params.generated})` : ''
    const script = make({ ...params, users: user, remove: [] })
    const diff = { subject: params.path, before: `${name}: ${state}\n`, after: `${name}: ok\n` }
    switch (state) {
      case 'ok':
        return []
      case 'missing':
        return [{ description: `add user ${name}${where}`, script, diff: { ...diff, before: '' } }]
      case 'other password':
        return [{ description: `change password of user ${name}${where}`, script, diff }]
      case 'other cost':
        return [
          {
            description: `rehash the password of user ${name} at cost ${params.cost ?? defaultCost(user[0] ?? {})}`,
            script,
            diff,
          },
        ]
    }
  })
  for (const name of look.extra) {
    changes.push({
      description: `remove user ${name}`,
      script: make({ ...params, users: [], remove: [name] }),
      diff: { subject: params.path, before: `${name}\n`, after: '' },
    })
  }
  // Any other change also does these.
  const tidy = make({ ...params, users: [], remove: [] })
  if (look.invalidLines > 0)
    changes.push({
      description: `remove ${look.invalidLines} invalid line(s) from ${params.path}`,
      script: tidy,
    })
  for (const key of ['path', 'generated'] as const) {
    if (look.files[key] === 'open') changes.push({ description: `set mode 0600 of ${params[key]}`, script: tidy })
  }
  return changes
}

/** Locks the directories of both files: that leaves no lock files, and the kernel releases the locks at exit. */
function make(request: Params & { readonly remove: readonly string[] }): string {
  // Always in the same order, to avoid a deadlock.
  const [first = '', second] = [...new Set([request.path, request.generated].map((file) => posix.dirname(file)))].sort()
  return [
    `command -v flock >/dev/null || { echo 'flock is missing: install the package util-linux' >&2; exit 1; }`,
    sh`mkdir -p -- ${second === undefined ? [first] : [first, second]} || exit`,
    '(',
    'flock 8 || exit',
    ...(second === undefined ? [] : ['flock 9 || exit']),
    callWorker(PROGRAM, 'make', request),
    sh`) 8<${first}` + (second === undefined ? '' : sh` 9<${second}`),
  ].join('\n')
}
