import { sh } from '../../shell/quote.ts'
import type { Change } from '../module.ts'
import { contentOf, HOMES, NUMBERS, PRIMARY_GROUPS, setAccount, setNewDirectory, setTree } from './effects.ts'
import { isNumber, NO_TOOLS, NOT_WRITABLE, type GroupEntry, type UserEntry } from './accounts.ts'
import type { FoundUser, UserParams } from './user-facts.ts'
import { keyCreation } from './user-key.ts'
import { dayOf, expiryChange, hashToSet, lockChange, UNSET_PASSWORD } from './user-password.ts'

/** The changes, or an error message. */
export function planUser(wanted: UserParams, found: FoundUser): Change[] | string {
  const { name, state, remove } = wanted
  const { entry, tools } = found
  if (state === 'absent') {
    if (entry === undefined) return []
    if (!tools) return NO_TOOLS
    if (!found.writable) return NOT_WRITABLE
    const reason = remove ? homeProblem(entry, found) : undefined
    if (reason !== undefined)
      return `cannot remove the home of user "${name}": ${reason}; set remove: false and remove the directory in another task`
    return [
      step(
        `remove user ${name}${remove ? ` and ${entry.home}` : ''}`,
        sh`userdel ${[...(remove ? ['-r'] : []), name]}`,
        [
          ...userKeys(name),
          uidKey(entry.uid),
          PRIMARY_GROUPS,
          HOMES,
          ...ownGroup(name),
          `gid:${entry.gid}`,
          NUMBERS,
          ...(remove ? removedPaths(name, entry.home) : []),
        ],
      ),
    ]
  }
  const missingGroup = [wanted.group, ...(wanted.groups ?? [])].find(
    (group) => group !== undefined && groupOf(found, group) === undefined,
  )
  if (missingGroup !== undefined) return `group "${missingGroup}" does not exist on this host`
  const { holder } = found
  if (!wanted.non_unique && holder !== undefined && holder.name !== name && entry?.uid !== holder.uid)
    return `uid ${holder.uid} is already used by user "${holder.name}"`
  const key = keyCreation(
    wanted,
    { path: wanted.home ?? entry?.home, isThere: wanted.create_home || found.homeThere },
    found.key,
  )
  if (typeof key === 'string') return key
  const accountChanges = entry === undefined ? creation(wanted, found) : modifications(wanted, entry, found)
  if (accountChanges.length === 0) return key
  const changes = [...accountChanges, ...key]
  return tools ? (found.writable ? changes : NOT_WRITABLE) : NO_TOOLS
}

/** userdel does not remove such a home, and reports it only after it has removed the user. */
function homeProblem({ name, uid, home }: UserEntry, found: FoundUser): string | undefined {
  const { homeOwner, homeKind, mailOwner, users } = found
  if (mailOwner !== undefined && mailOwner !== uid) return `its mail spool /var/mail/${name} does not belong to ${name}`
  if (homeKind === 'link') return `${home} is a symbolic link`
  if (homeKind === 'mount') return `${home} is a mount point`
  if (homeOwner === undefined) return undefined
  if (homeOwner !== uid) return `${home} does not belong to ${name}`
  const other = users.find((user) => user.name !== name && `${user.home}/`.startsWith(`${home}/`))
  return other === undefined ? undefined : `${home} is also used by user "${other.name}"`
}

const step = (description: string, command: string, sets: readonly string[]): Change => ({
  description,
  script: `${command} || exit`,
  sets: setAccount(...sets),
})

const userKeys = (name: string): string[] => [`user:${name}`]
/** The uid of a user that is created without one cannot be predicted. */
const uidKey = (uid?: number): string => (uid === undefined ? 'uid:any' : `uid:${uid}`)
/** The user's own group, created and removed with the user; its gid cannot be predicted. */
const ownGroup = (name: string): string[] => [`group:${name}`, 'gid:any']
/** `userdel -r` also removes the mail spool. */
const removedPaths = (name: string, home: string): string[] =>
  [home, `/var/mail/${name}`, `/var/spool/mail/${name}`].flatMap(setTree)
const newHomeKeys = (home: string): string[] => [...setNewDirectory(home), ...setTree(home)]

/** Resource keys that a plan for a user depends on. */
export function readsOfUser({ name, remove, uid, group, groups = [], home, create_home }: UserParams): string[] {
  return [
    ...userKeys(name),
    ...(uid === undefined ? [] : [uidKey(uid), uidKey()]),
    ...(remove ? [HOMES] : []),
    ...[name, group, ...groups]
      .filter((it) => it !== undefined)
      .flatMap((it) => (isNumber(it) ? [`gid:${it}`, 'gid:any'] : [`group:${it}`])),
    NUMBERS,
    '/etc/passwd',
    '/etc/shadow',
    '/etc/group',
    ...(create_home ? contentOf(home ?? `/home/${name}`) : []),
  ]
}

/** Resource keys that a task for a user can set, except a home that only the host knows. */
export const setsOfUser = ({ name, uid, home = `/home/${name}` }: UserParams): string[] =>
  setAccount(
    ...userKeys(name),
    uidKey(uid),
    uidKey(),
    PRIMARY_GROUPS,
    HOMES,
    ...ownGroup(name),
    NUMBERS,
    ...newHomeKeys(home),
    ...removedPaths(name, home),
  )

/** useradd and usermod take a number for a gid. */
const groupOf = ({ groups }: FoundUser, wanted: string): GroupEntry | undefined =>
  (isNumber(wanted) ? groups.find(({ gid }) => String(gid) === wanted) : undefined) ??
  groups.find(({ name }) => name === wanted)

const groupsOf = (found: FoundUser, wanted: readonly string[]): GroupEntry[] =>
  wanted.map((group) => groupOf(found, group)).filter((group) => group !== undefined)

function creation(wanted: UserParams, found: FoundUser): Change[] {
  const { name, uid, groups = [], home, shell, system, create_home, comment } = wanted
  const { group } = wanted
  // useradd fails if a group with the name of the user exists: as in Ansible, the user then gets the default group.
  const isDefaultGroup = group === undefined && found.groups.some((each) => each.name === name)
  const flags = [
    create_home ? '-m' : '-M',
    ...(system ? ['-r'] : []),
    ...option('-u', uid),
    ...(uid !== undefined && wanted.non_unique ? ['-o'] : []),
    ...(isDefaultGroup ? ['-N'] : option('-g', group)),
    ...option('-d', home),
    ...option('-s', shell),
    ...option('-c', comment),
    ...(wanted.expires === undefined ? [] : ['-e', dayOf(wanted.expires)]),
    ...(create_home && wanted.umask !== undefined ? ['-K', `UMASK=${wanted.umask}`] : []),
    ...option('-p', wanted.password === undefined ? undefined : UNSET_PASSWORD),
    ...(groups.length === 0
      ? []
      : [
          '-G',
          groupsOf(found, groups)
            .map((group) => group.name)
            .join(','),
        ]),
  ]
  const details = [
    ...(uid === undefined ? [] : [`uid ${uid}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(groups.length === 0 ? [] : [`groups ${groups.join(', ')}`]),
  ].join('; ')
  const sets = [
    ...userKeys(name),
    uidKey(uid),
    PRIMARY_GROUPS,
    HOMES,
    ...(group === undefined && !isDefaultGroup ? ownGroup(name) : []),
    ...(create_home ? newHomeKeys(home ?? `${found.homes}/${name}`) : []),
  ]
  return [
    step(`create user ${name}${details === '' ? '' : ` (${details})`}`, sh`useradd ${[...flags, name]}`, sets),
    ...passwordChange(wanted),
  ]
}

function modifications(wanted: UserParams, entry: UserEntry, found: FoundUser): Change[] {
  const { name, uid, home, shell, comment } = wanted
  const primary = wanted.group === undefined ? undefined : groupOf(found, wanted.group)
  const isAsked = wanted.update_password === 'always' || found.password.passwordUnset
  const setsPassword = isAsked && wanted.password !== undefined && !found.password.passwordSame
  const differs = <T extends string | number>(asked: T | undefined, is: T): T | undefined =>
    asked === is ? undefined : asked
  const parts: [what: string, flags: string[]][] = [
    ...withOption(change('uid', '-u', differs(uid, entry.uid), entry.uid), wanted.non_unique ? ['-o'] : []),
    ...(primary === undefined || primary.gid === entry.gid
      ? []
      : change('group', '-g', primary.name, groupOf(found, String(entry.gid))?.name ?? entry.gid)),
    ...change('comment', '-c', differs(comment, entry.comment), entry.comment),
    ...change('home', '-d', differs(home, entry.home), entry.home),
    ...change('shell', '-s', differs(shell, entry.shell), entry.shell),
    ...membership(wanted, primary?.gid ?? entry.gid, found),
    ...expiryChange(wanted, found.password),
    ...(setsPassword ? [] : lockChange(wanted, found.password)),
  ]
  const flags = parts.flatMap(([, words]) => words)
  return [
    ...(parts.length === 0
      ? []
      : [
          step(
            `change user ${name}: ${parts.map(([what]) => what).join('; ')}`,
            sh`usermod ${[...flags, name]}`,
            // usermod changes the owner of the files in the home.
            [
              ...userKeys(name),
              ...(flags.includes('-u') ? [uidKey(uid), uidKey(entry.uid)] : []),
              ...(flags.includes('-d') ? [HOMES] : []),
              ...(flags.includes('-u') || flags.includes('-g') ? [NUMBERS, PRIMARY_GROUPS, `${entry.home}/`] : []),
            ],
          ),
        ]),
    ...(wanted.create_home && !found.homeThere ? [homeCreation(name, home ?? entry.home)] : []),
    ...(setsPassword ? passwordChange(wanted) : []),
  ]
}

const option = (flag: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [flag, String(value)]

/** Options in addition to those of a change. */
const withOption = (parts: [string, string[]][], more: readonly string[]): [string, string[]][] =>
  parts.map(([what, flags]) => [what, [...flags, ...more]])

const change = (
  what: string,
  flag: string,
  value: string | number | undefined,
  was: string | number,
): [string, string[]][] =>
  value === undefined
    ? []
    : [[`${what} ${value === '' ? 'empty' : value} (was ${was === '' ? 'empty' : was})`, [flag, String(value)]]]

function membership({ name, groups, append }: UserParams, primary: number, found: FoundUser): [string, string[]][] {
  if (groups === undefined) return []
  const names = (list: readonly GroupEntry[]): Set<string> =>
    new Set(list.filter(({ gid }) => gid !== primary).map((group) => group.name))
  const current = names(found.groups.filter(({ members }) => members.includes(name)))
  const asked = new Set(groupsOf(found, groups))
  const requested = names(found.groups.filter((group) => asked.has(group)))
  const added = [...requested].filter((group) => !current.has(group))
  const removed = append ? [] : [...current].filter((group) => !requested.has(group))
  if (added.length === 0 && removed.length === 0) return []
  const what = [
    ...(added.length === 0 ? [] : [`add to ${added.join(', ')}`]),
    ...(removed.length === 0 ? [] : [`remove from ${removed.join(', ')}`]),
  ]
  return [[what.join(', '), append ? ['-a', '-G', added.join(',')] : ['-G', [...requested].join(',')]]]
}

/** As useradd -m does: the skeleton's files, and the mode that login.defs sets. */
const homeCreation = (name: string, home: string): Change => ({
  description: `create home ${home} of ${name}`,
  script: [
    `lb_defs() { sed -n "s/^[[:space:]]*$1[[:space:]][[:space:]]*\\([0-7]*\\).*/\\1/p" /etc/login.defs 2>/dev/null | tail -n 1; }`,
    'lb_mode=$(lb_defs HOME_MODE)',
    '[ -n "$lb_mode" ] || { lb_mask=$(lb_defs UMASK); lb_mode=$(printf %o "$((0777 & ~0${lb_mask:-22}))"); }',
    sh`mkdir -p -m "$lb_mode" -- ${home} || exit`,
    sh`if [ -d /etc/skel ]; then cp -R -- /etc/skel/. ${`${home}/`} || exit; fi`,
    sh`chown -R -h -- ${`${name}:`} ${home} || exit`,
  ].join('\n'),
  sets: newHomeKeys(home),
})

const passwordChange = ({ name, password, password_lock }: UserParams): Change[] =>
  password === undefined
    ? []
    : [
        step(
          `set password of ${name}`,
          sh`printf '%s:%s\\n' ${name} ${hashToSet(password, password_lock)} | chpasswd -e`,
          userKeys(name),
        ),
      ]
