import * as z from 'zod'
import type { Plan } from '../module.ts'
import { entryAt, setContent, treeAt } from '../support/effects.ts'
import { planTextEditOf } from '../support/edit-text-file.ts'
import { homePathProbe, parseHomePath } from '../support/home-path.ts'
import { editKnownHosts, knownHostIn, namesHost } from '../support/known-hosts.ts'
import { targetFile } from '../support/params.ts'
import { refusing } from '../support/refusing.ts'
import { defineModule } from '../task.ts'

const DEFAULT_PATH = '.ssh/known_hosts'

const schema = z
  .strictObject(
    {
      /** The host, as ssh names it: `[example.org]:2222` for another port than 22. */
      name: z.string().regex(/^[^\s,\0]+$/, { error: 'must be one host, without commas and blanks' }),
      /** The line of known_hosts with the key, such as one that `ssh-keyscan` prints. */
      key: z
        .string()
        .regex(/^[^\n\0]+\n?$/, { error: 'must be one line' })
        .optional(),
      /** Default: `~/.ssh/known_hosts` of the user of the task. */
      path: targetFile.optional(),
      /** Write the hash of the host, not its name. */
      hash_host: z.boolean().default(false),
      /** `absent` without a key removes all keys of the host. */
      state: z.enum(['present', 'absent']).default('present'),
    },
    { error: refusing({ host: 'write name' }) },
  )
  .refine(({ state, key }) => state === 'absent' || key !== undefined, { error: 'key is required', path: ['key'] })
  .superRefine(({ name, key }, context) => {
    if (key === undefined) return
    const entry = knownHostIn(key)
    if (entry === undefined || !namesHost(entry.hosts, name))
      context.addIssue({
        code: 'custom',
        path: ['key'],
        message: `must be a line of known_hosts for ${name}: "${name} ssh-ed25519 AAAA..."`,
      })
  })

/** Adds and removes the keys of a host in a known_hosts file. */
export const known_hosts = defineModule<typeof schema, { readonly path: string }>({
  name: 'known_hosts',
  schema,
  reads: ({ path }) => (path === undefined ? [...treeAt('/home'), ...treeAt('/root')] : entryAt(path)),
  sets: ({ path }) => (path === undefined ? undefined : setContent(path)),
  title: ({ name, state }) => `${name}${state === 'absent' ? ' absent' : ''}`,
  printsFiles: true,
  probe: ({ path = DEFAULT_PATH }) =>
    homePathProbe({ path, follow: true, access: 'change', read: { text: 1024 * 1024 } }),
  plan(params, observed): Plan<{ readonly path: string }> {
    const { name, state, path: given = DEFAULT_PATH } = params
    const found = parseHomePath(given, observed)
    if (found === undefined) return { changes: [], problem: 'the user of the task has no entry on this host' }
    if (typeof found === 'string') return { changes: [], problem: found }
    const { path, facts } = found
    const edit = {
      edited: (text: string) => editKnownHosts(text, params),
      ifMissing: state === 'absent' ? ('ok' as const) : ('create' as const),
      notConvergent: 'the keys of this host do not converge: each run would replace one again',
      description: () => `${state === 'absent' ? 'remove' : 'set'} key of ${name} in ${path}`,
    }
    const plan = planTextEditOf({ path, backup: false }, edit, facts, { path })
    return { ...plan, reads: [...entryAt(path), ...(plan.reads ?? [])] }
  },
})
