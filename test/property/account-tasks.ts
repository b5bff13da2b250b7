import fc from 'fast-check'
import { raw, sh } from '../../src/shell/quote.ts'
import { ARENA } from './arena.ts'
import { secretValue, type TaskSpec } from './harness.ts'
import { defined, maybe } from './lists.ts'
import { toText } from '../../src/values/to-text.ts'

/* Random users and groups from a small pool of names and numbers, and the host's name and kernel settings. */

type Params = Record<string, unknown>

const USERS = ['ann', 'bob', 'x-1']
/** `ann` may also be a group: useradd creates a group with the user's name. */
const GROUPS = ['team', 'crew', 'ann']
const FILES = '/etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/subuid /etc/subgid'
/** Ids of the pool, one used by the node itself, and none that useradd would choose. */
const id = fc.constantFrom(3001, 3002, 5)
const HASHES = ['!', '$6$salt$uNm.mdHjGNsFk9WxHnFP8YWcP4GG6Bxd6n.Y1k9KfnsRDs2S1x', '$1$a$b']

const user = fc.constantFrom(...USERS)
const group = fc.constantFrom(...GROUPS)
const anyGroup = fc.oneof(
  { weight: 5, arbitrary: group },
  { weight: 2, arbitrary: fc.constantFrom('ops', 'games') },
  { weight: 1, arbitrary: fc.constant('nosuch') },
)

/** Supplementary groups may be given by number. */
const memberOf = fc.oneof(
  { weight: 3, arbitrary: anyGroup },
  { weight: 1, arbitrary: fc.constantFrom('60', '3001', '3002') },
)

/** Saves the node's own accounts, to restore them before each case. */
export const KEEP_ACCOUNTS = `mkdir -p /root/accounts && cp -p ${FILES} /root/accounts/`

const mostly = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 5 })

const HOMES = [...USERS.map((name) => `/home/${name}`), `${ARENA}/home`]

/** Start states: some users, groups and homes exist. */
export const accounts: fc.Arbitrary<string> = fc
  .record({
    groups: fc.uniqueArray(fc.tuple(group, maybe(id)), { maxLength: 3, selector: ([name]) => name }),
    users: fc.uniqueArray(
      fc.record({
        name: user,
        uid: maybe(id),
        home: fc.boolean(),
        in: fc.subarray(GROUPS),
        password: maybe(fc.constantFrom(...HASHES)),
        shell: fc.constantFrom('/bin/sh', '/bin/bash', ''),
        comment: fc.constantFrom('', 'A B'),
        primary: maybe(group),
        /** An odd home of the entry, which `home` does not create. */
        at: maybe(fc.constantFrom('/nonexistent', '/', '/home'), 4),
      }),
      { maxLength: 3, selector: ({ name }) => name },
    ),
    homes: fc.subarray(HOMES),
    linked: fc.boolean(),
  })
  .map(({ groups, users, homes, linked }) =>
    [
      'cp -p /root/accounts/passwd /root/accounts/shadow /root/accounts/group /root/accounts/gshadow /root/accounts/subuid /root/accounts/subgid /etc/ || exit',
      sh`rm -rf -- ${[...HOMES, '/nonexistent', ...USERS.map((name) => `/var/mail/${name}`)]} ${ARENA} && mkdir -m 0755 -- ${ARENA} || exit`,
      // Contradictions (a number already used) are ignored.
      ...groups.map(([name, gid]) => sh`groupadd ${gid === undefined ? [] : ['-g', gid]} ${name} 2>/dev/null`),
      ...users.flatMap(({ name, uid, home, in: groups, password, shell, comment, primary, at }) => [
        sh`lb_in=; for lb_g in ${groups}; do ! getent group "$lb_g" >/dev/null || lb_in=$lb_in,$lb_g; done`,
        sh`useradd ${[home && at === undefined ? '-m' : '-M', ...(at === undefined ? [] : ['-d', at]), ...(uid === undefined ? [] : ['-u', uid]), '-s', shell, '-c', comment]}` +
          sh` $(getent group ${primary ?? name} >/dev/null && echo -g ${primary ?? name}) -G "\${lb_in#,}" ${name} 2>/dev/null`,
        ...(password === undefined
          ? []
          : [sh`id ${name} >/dev/null 2>&1 && printf '%s:%s\\n' ${name} ${password} | chpasswd -e`]),
      ]),
      sh`for lb_h in ${homes}; do [ -e "$lb_h" ] || ${raw(linked ? sh`ln -s ${ARENA}` : 'mkdir')} "$lb_h"; done`,
    ].join('\n'),
  )

/** Prints the accounts, their homes, and the files that the tasks below create in the arena. */
export const LOOK = [
  `for lb_f in ${FILES}; do sed "s|^|$lb_f |" "$lb_f"; done`,
  sh`find /home /nonexistent ${ARENA} -printf '%p|%y|%m|%U:%G|%l\\n' 2>/dev/null | sort`,
  sh`find ${ARENA} -type f -exec sha256sum '{}' + | sort`,
].join('; ')
export const LOOK_CLOSELY = `${LOOK}; stat -c '%n %i %Y' ${FILES}; find /home ${ARENA} -printf '%p|%i|%T@|%C@\\n' | sort`

const entry = (database: string, name: string, number: number): string =>
  `$(awk -F: -v name=${name} '$1 == name { print $${number} }' ${database})`
const all = (...claims: readonly string[]): string => claims.map((claim) => `{ ${claim}\n} || exit 1`).join('\n')
const field = (name: string, number: number, value: unknown): string[] =>
  value === undefined ? [] : [`[ "${entry('/etc/passwd', name, number)}" = ${sh`${toText(value)}`} ]`]

export const groupTask: fc.Arbitrary<TaskSpec> = fc
  .oneof(
    { weight: 4, arbitrary: fc.record({ name: group, gid: maybe(id), system: maybe(fc.boolean()) }) },
    { weight: 1, arbitrary: fc.record({ name: group, state: fc.constant('absent') }) },
  )
  .map((params: Params) => {
    const { name, gid, state } = params as { name: string; gid?: number; state?: string }
    const there = `grep -q '^${name}:' /etc/group`
    return {
      module: 'group' as const,
      params: defined(params),
      claim:
        state === 'absent'
          ? `! ${there}`
          : all(there, ...(gid === undefined ? [] : [`[ "${entry('/etc/group', name, 3)}" = ${gid} ]`])),
    }
  })

export const userTask: fc.Arbitrary<TaskSpec> = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc
        .record({
          name: user,
          uid: maybe(id),
          group: maybe(anyGroup),
          groups: maybe(fc.uniqueArray(memberOf, { maxLength: 2 })),
          append: maybe(fc.boolean()),
          home: maybe(fc.constantFrom('/home/bob', `${ARENA}/home`)),
          shell: maybe(fc.constantFrom('/bin/sh', '/bin/bash')),
          system: maybe(fc.boolean()),
          create_home: maybe(fc.boolean()),
          comment: maybe(fc.constantFrom('', "it's $A", 'é')),
          password: maybe(fc.constantFrom(...HASHES)),
          update_password: maybe(fc.constantFrom('always', 'on_create')),
          password_lock: maybe(fc.boolean()),
          expires: maybe(fc.constantFrom(-1, 86_399, 1_900_000_000)),
          umask: maybe(fc.constantFrom('077', '0027')),
          non_unique: maybe(fc.boolean()),
          key: maybe(fc.constantFrom({ generate_ssh_key: true, ssh_key_type: 'ed25519' }), 4),
        })
        .filter(({ key, create_home }) => key === undefined || create_home !== false)
        .filter(({ password, password_lock }) => password !== '!' || password_lock !== false)
        .map(({ append, key = {}, ...params }) => ({
          ...params,
          ...key,
          ...(append === undefined || params.groups === undefined ? {} : { append }),
        })),
    },
    { weight: 1, arbitrary: fc.record({ name: user, state: fc.constant('absent'), remove: maybe(fc.boolean()) }) },
  )
  .map((params: Params) => {
    const { password, ...rest } = params
    return {
      module: 'user' as const,
      params: defined({ ...rest, password: password === undefined ? undefined : secretValue(toText(password)) }),
      claim: userClaim(params),
    }
  })

function userClaim(params: Params): string {
  const { name, uid, group, groups, append, home, shell, comment, password, update_password, create_home, state } =
    params as Record<string, string> & { groups?: string[] }
  const { password_lock: lock, expires, generate_ssh_key: hasKey } = params
  const user = name as string
  if (state === 'absent') return `! grep -q '^${user}:' /etc/passwd`
  const gid = (each: string): string => (/^\d+$/.test(each) ? each : `"${entry('/etc/group', each, 3)}"`)
  const into = (groups ?? []).map((each) => `id -G ${user} | tr ' ' '\\n' | grep -qx ${gid(each)}`)
  // The primary group counts too, requested or not.
  const only =
    groups === undefined || append
      ? []
      : [
          `[ -z "$(id -G ${user} | tr ' ' '\\n' | grep -vx "$(id -g ${user})" ${groups.map((each) => `| grep -vx ${gid(each)}`).join(' ')})" ]`,
        ]
  return all(
    `grep -q '^${user}:' /etc/passwd`,
    ...field(user, 3, uid),
    ...field(user, 5, comment),
    ...field(user, 6, home),
    ...field(user, 7, shell),
    // Where users share an ID, `id` of Debian 11 prints the group of another one.
    ...(group === undefined ? [] : [`[ "${entry('/etc/passwd', user, 4)}" = ${gid(group)} ]`]),
    ...into,
    ...only,
    ...(password === undefined || update_password === 'on_create'
      ? []
      : [
          `[ "${entry('/etc/shadow', user, 2)}" = ${sh`${lock === true && password !== '!' ? `!${password}` : password}`} ]`,
        ]),
    ...(lock === true ? [`case "${entry('/etc/shadow', user, 2)}" in !*) ;; *) false ;; esac`] : []),
    ...(expires === undefined
      ? []
      : [
          `[ "${entry('/etc/shadow', user, 8)}" = '${Number(expires) < 0 ? '' : Math.floor(Number(expires) / 86_400)}' ]`,
        ]),
    ...(hasKey === true ? [`[ -e "${entry('/etc/passwd', user, 6)}/.ssh/id_ed25519" ]`] : []),
    ...(String(create_home) === 'false' ? [] : [`[ -d "${entry('/etc/passwd', user, 6)}" ]`]),
  )
}

/** Files with owners that other tasks may create or remove. */
export const ownedTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc
    .record({
      path: fc.constantFrom(`${ARENA}/a`, `${ARENA}/b`),
      state: fc.constantFrom('directory', 'touch'),
      owner: mostly(user),
      group: maybe(group),
    })
    .map((params: Params) => ({
      module: 'file' as const,
      params: defined(params),
      claim: ownership(String(params['path']), params),
    })),
  fc
    .record({
      dest: fc.constantFrom(`${ARENA}/c`, '/home/ann/.profile'),
      content: fc.constantFrom('x\n', ''),
      owner: mostly(user),
      group: maybe(group),
    })
    .map((params: Params) => ({
      module: 'copy' as const,
      params: defined(params),
      claim: ownership(String(params['dest']), params),
    })),
)

const ownership = (path: string, { owner, group }: Params): string =>
  all(
    `[ -e ${path} ]`,
    ...(owner === undefined
      ? []
      : [`[ "$(find ${path} -maxdepth 0 -printf %U)" = "${entry('/etc/passwd', toText(owner), 3)}" ]`]),
    ...(group === undefined
      ? []
      : [`[ "$(find ${path} -maxdepth 0 -printf %G)" = "${entry('/etc/group', toText(group), 3)}" ]`]),
  )

const KEYS = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtpbmcga2V5IG9uZSBv', 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC2']

const keyTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    // Not the user of the connection: its keys are needed.
    user: fc.oneof({ weight: 5, arbitrary: user }, { weight: 1, arbitrary: fc.constant('nosuch') }),
    key: fc.constantFrom(...KEYS),
    path: maybe(fc.constantFrom(`${ARENA}/keys`, `${ARENA}/a/keys`), 3),
    manage_dir: maybe(fc.boolean()),
    state: maybe(fc.constantFrom('absent')),
    exclusive: maybe(fc.boolean()),
    key_options: maybe(fc.constantFrom('no-pty', 'from="10.0.0.1,10.0.0.2"')),
  })
  .map((params: Params) => {
    const { user: name, key, path, state } = params
    const file = path === undefined ? `${entry('/etc/passwd', toText(name), 6)}/.ssh/authorized_keys` : toText(path)
    return {
      module: 'authorized_key' as const,
      params: defined(params),
      ...(state === 'absent' ? {} : { claim: sh`grep -q -F -e ${toText(key)} -- ` + `"${file}"` }),
    }
  })

/** One task about users and groups. */
export const accountTasks: fc.Arbitrary<TaskSpec> = fc.oneof(
  { weight: 2, arbitrary: keyTask },
  { weight: 4, arbitrary: userTask },
  { weight: 3, arbitrary: groupTask },
  { weight: 2, arbitrary: ownedTask },
)

/**
 * Whether the list is certainly free of contradictions: each name occurs once, and no number is requested or account
 * removed.
 */
export function settledAccounts(tasks: readonly TaskSpec[]): boolean {
  if (tasks.length === 1) return true
  const names = tasks.map(({ module, params }) =>
    module === 'user' || module === 'group'
      ? `${module} ${String(params['name'])}`
      : toText(params['path'] ?? params['dest'] ?? `keys of ${toText(params['user'])}`),
  )
  const homes = new Set(tasks.map(({ params }) => params['home']).filter((home) => home !== undefined))
  return (
    new Set(names).size === names.length &&
    homes.size === 0 &&
    // A key needs a user with a home.
    tasks.every(({ module }) => module !== 'authorized_key') &&
    !names.includes('/home/ann/.profile') &&
    tasks.every(
      ({ params }) => params['state'] !== 'absent' && params['uid'] === undefined && params['gid'] === undefined,
    )
  )
}
