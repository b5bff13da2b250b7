import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { allEntries, findEntry, batchedEntries, batchedEntry, WRITABLE } from '../support/accounts.ts'
import { account, alwaysSecret, newAccount, owner, targetFile } from '../support/params.ts'
import { lastLine } from '../support/text.ts'
import { contentOf, entryAt, ownerAt } from '../support/effects.ts'
import { parseUser } from '../support/user-facts.ts'
import { keyFileOf, keyValues, probeOfKey, type KeyValues } from '../support/user-key.ts'
import { probeOfPassword } from '../support/user-password.ts'
import { planUser, readsOfUser, setsOfUser } from '../support/user-plan.ts'
import { defineModule } from '../task.ts'

/** A crypt(3) hash, or a marker that matches no password. A plain password would lock the user out. */
const CRYPT = /^([!*]+|!?\$[^$:\n]+\$[^:\n]+)$/

const groupList = z
  .union([
    z.string().transform((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ),
    z.array(z.string()),
  ])
  .pipe(z.array(account))

const schema = z
  .strictObject({
    name: newAccount,
    uid: z.number().int().nonnegative().optional(),
    /** The uid may be that of another user. */
    non_unique: z.boolean().default(false),
    /**
     * Primary group. Without it, a new user gets a new group with its name or, if that exists already, the default
     * group of useradd, as in Ansible.
     */
    group: owner.optional(),
    /**
     * All supplementary groups, by name or gid; with `append`, groups to add. Unlike in Ansible, the primary group is
     * not one of them.
     */
    groups: groupList.optional(),
    append: z.boolean().default(false),
    home: targetFile.optional(),
    shell: targetFile.optional(),
    /** For a new user: choose a uid from the system range. */
    system: z.boolean().default(false),
    create_home: z.boolean().default(true),
    comment: z
      .string()
      .regex(/^[^:\n]*$/, { error: 'a comment cannot contain a colon or newline' })
      .optional(),
    /**
     * A crypt(3) hash (`openssl passwd -6`), or `!` for no password. An account that is locked (`!` before its hash)
     * stays locked; `!` and a hash lock it.
     */
    password: alwaysSecret
      .refine((hash) => CRYPT.test(hash.reveal()), {
        error: "must be a hash as printed by `openssl passwd -6`, or '!' for no password",
      })
      .optional(),
    /** `on_create`: set only the password of a new user, never that of an existing one. */
    update_password: z.enum(['always', 'on_create']).default('always'),
    /** Lock the password, or unlock it. Unlike in Ansible, an account without a password stays as it is. */
    password_lock: z.boolean().optional(),
    /** When the account expires, in seconds since 1970; negative: never. Only the day counts. */
    expires: z.number().optional(),
    /** Umask that gives the home of a new user its mode, such as `'077'`. */
    umask: z
      .string()
      .regex(/^0?[0-7]{3}$/, { error: "must be three or four octal digits, such as '077'" })
      .optional(),
    /** Create an SSH key, if there is none. */
    generate_ssh_key: z.boolean().default(false),
    ssh_key_type: z
      .string()
      .regex(/^[a-z0-9-]+$/, { error: 'must be a type such as ed25519 or rsa' })
      .default('rsa'),
    /** Default: that of ssh-keygen. */
    ssh_key_bits: z.int().positive().optional(),
    /** Path of the private key, below the home. Default: `.ssh/id_TYPE`. */
    ssh_key_file: z
      .string()
      .refine((path) => !path.includes('\0') && !path.endsWith('/') && !path.split('/').includes('..'), {
        error: 'must be the path of a file, without ..',
      })
      .optional(),
    /** Default: `ansible-generated on HOST`. */
    ssh_key_comment: z.string().optional(),
    /** Passphrase of a new key; needs ssh-keygen 8.4. */
    ssh_key_passphrase: alwaysSecret
      .refine((text) => !text.reveal().includes('\n'), { error: 'cannot contain a newline' })
      .optional(),
    state: z.enum(['present', 'absent']).default('present'),
    /** With `absent`: also remove the home. */
    remove: z.boolean().default(false),
  })
  .refine(({ groups, append }) => !append || groups !== undefined, {
    error: 'append requires groups',
    path: ['append'],
  })

  .refine(({ password, password_lock }) => password_lock !== false || password?.reveal().startsWith('!') !== true, {
    error: 'password_lock: false contradicts a password that begins with !',
    path: ['password_lock'],
  })

type Params = z.output<typeof schema>

const keyReads = (params: Params, home: string | undefined): string[] =>
  params.generate_ssh_key && home !== undefined ? entryAt(keyFileOf(params, home)) : []

/** A user's entry on the host. */
export interface UserValues extends KeyValues {
  readonly name: string
  readonly uid?: number
  readonly group?: number
  readonly home?: string
  readonly shell?: string
  readonly comment?: string
}

/** Manages users. */
export const user = defineModule<typeof schema, UserValues>({
  name: 'user',
  schema,
  reads: readsOfUser,
  sets: setsOfUser,
  title: ({ name, state }) => (state === 'absent' ? `${name} absent` : name),
  probe(params) {
    const { name, uid, home, create_home, state, remove } = params
    return [
      findEntry('lb_user', 'passwd', name),
      `[ -z "$lb_user" ] || printf 'passwd %s\\n' "$lb_user"`,
      ...(uid === undefined
        ? []
        : [findEntry('lb_n', 'passwd', String(uid)), `[ -z "$lb_n" ] || printf 'uid %s\\n' "$lb_n"`]),
      ...probeOfPassword(params),
      home === undefined ? 'lb_home=${lb_user%:*}; lb_home=${lb_home##*:}' : sh`lb_home=${home}`,
      '[ -e "$lb_home" ] && echo home-there',
      ...(state === 'present' ? probeOfKey(params) : []),
      ...(home === undefined && create_home
        ? [`[ -n "$lb_user" ] || sed -n 's/^HOME=/homes /p' /etc/default/useradd 2>/dev/null`]
        : []),
      ...(state === 'absent' && remove
        ? [
            '[ ! -d "$lb_home" ] || printf \'home-owner %s\\n\' "$(stat -Lc %u -- "$lb_home")"',
            'if [ -L "$lb_home" ]; then echo home-link; elif mountpoint -q -- "$lb_home" 2>/dev/null; then echo home-mount; fi',
            sh`[ ! -f ${`/var/mail/${name}`} ] || printf 'mail-owner %s\\n' "$(stat -c %u -- ${`/var/mail/${name}`})"`,
            `{ ${allEntries('passwd')}; } | sed 's/^/other /'`,
          ]
        : []),
      'command -v useradd >/dev/null || echo no-tools',
      WRITABLE,
      `echo groups; ${allEntries('group')}`,
    ].join('\n')
  },
  batchedFacts: ({ name, uid }) => [
    ...[name, ...(uid === undefined ? [] : [String(uid)])].map((key) => batchedEntry('passwd', key)),
    batchedEntries('group'),
  ],
  sideEffectFree: true,
  plan(params, observed) {
    if (observed.exitCode !== 0)
      return { changes: [], problem: `cannot look up user ${params.name}: ${lastLine(observed.stderr)}` }
    const found = parseUser(observed.stdout)
    const outcome = planUser(params, found)
    // The home of an existing user may be anywhere.
    const reads =
      found.entry === undefined
        ? []
        : [...contentOf(found.entry.home), ...(params.remove ? ownerAt(found.entry.home) : [])]
    if (typeof outcome === 'string') return { changes: [], problem: outcome, reads }
    const { name } = params
    const { entry } = found
    const details =
      entry === undefined
        ? {}
        : { uid: entry.uid, group: entry.gid, home: entry.home, shell: entry.shell, comment: entry.comment }
    const home = entry?.home ?? params.home
    const key = home === undefined ? {} : keyValues(params, home, found.key)
    return { changes: outcome, values: { name, ...details, ...key }, reads: [...reads, ...keyReads(params, home)] }
  },
})
