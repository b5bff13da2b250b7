import { sh } from '../../shell/quote.ts'
import type { Secret } from '../../values/secret.ts'
import type { Change } from '../module.ts'
import { contentOf, HOMES, NUMBERS, PRIMARY_GROUPS, setAccount, setNewDirectory, setTree } from './effects.ts'
import { groupEntry, NO_TOOLS, userEntry, type GroupEntry, type UserEntry } from './accounts.ts'

/** Parameters of the `user` module. */
export interface UserParams {
  readonly name: string
  readonly uid?: number | undefined
  readonly group?: string | undefined
  readonly groups?: readonly string[] | undefined
  readonly append: boolean
  readonly home?: string | undefined
  readonly shell?: string | undefined
  readonly system: boolean
  readonly create_home: boolean
  readonly comment?: string | undefined
  readonly password?: Secret | undefined
  readonly update_password: 'always' | 'on_create'
  readonly state: 'present' | 'absent'
  readonly remove: boolean
}

/** Facts from the probe. */
export interface FoundUser {
  readonly entry: UserEntry | undefined
  /** The user with the requested uid. */
  readonly holder: UserEntry | undefined
  readonly passwordSame: boolean
  /** As left by useradd: no password is set yet. */
  readonly passwordUnset: boolean
  readonly homeThere: boolean
  /** Uid of the home's owner, and all users: set if a home will be removed. */
  readonly homeOwner: number | undefined
  readonly users: readonly UserEntry[]
  /** Parent directory of new homes: set if the user does not exist and no home is given. */
  readonly homes: string
  readonly tools: boolean
  readonly groups: readonly GroupEntry[]
}

/** Parses the output of the `user` module's probe. */
export function parseUser(stdout: string): FoundUser {
  const lines = stdout.split('\n')
  const start = lines.indexOf('groups')
  const head = lines.slice(0, start)
  const homes = head.find((line) => line.startsWith('homes '))?.slice('homes '.length)
  const passwd = head.find((line) => line.startsWith('passwd '))
  const owner = head.find((line) => line.startsWith('home-owner '))
  const holder = head.find((line) => line.startsWith('uid '))
  return {
    entry: passwd === undefined ? undefined : userEntry(passwd.slice('passwd '.length)),
    holder: holder === undefined ? undefined : userEntry(holder.slice('uid '.length)),
    passwordSame: head.includes('password-same'),
    passwordUnset: head.includes('password-unset'),
    homeThere: head.includes('home-there'),
    homeOwner: owner === undefined ? undefined : Number(owner.slice('home-owner '.length)),
    users: head.filter((line) => line.startsWith('other ')).map((line) => userEntry(line.slice('other '.length))),
    homes: homes === undefined || homes === '' ? '/home' : homes,
    tools: !head.includes('no-tools'),
    groups: lines
      .slice(start + 1)
      .filter((line) => line !== '')
      .map(groupEntry),
  }
}

/** The changes, or an error message. */
export function planUser(wanted: UserParams, found: FoundUser): Change[] | string {
  const { name, state, remove } = wanted
  const { entry, tools } = found
  if (state === 'absent') {
    if (entry === undefined) return []
    if (!tools) return NO_TOOLS
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
  if (holder !== undefined && holder.name !== name && entry?.uid !== holder.uid)
    return `uid ${holder.uid} is already used by user "${holder.name}"`
  const changes = entry === undefined ? creation(wanted, found) : modifications(wanted, entry, found)
  return changes.length > 0 && !tools ? NO_TOOLS : changes
}

/** userdel does not remove such a home, and reports it only after it has removed the user. */
function homeProblem({ name, uid, home }: UserEntry, { homeOwner, users }: FoundUser): string | undefined {
  if (homeOwner !== undefined && homeOwner !== uid) return `${home} does not belong to ${name}`
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
      .map((it) => (/^\d+$/.test(it) ? 'gid:any' : `group:${it}`)),
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

const groupOf = ({ groups }: FoundUser, wanted: string): GroupEntry | undefined =>
  groups.find(({ name, gid }) => name === wanted || String(gid) === wanted)

function creation(wanted: UserParams, found: FoundUser): Change[] {
  const { name, uid, groups = [], home, shell, system, create_home, comment } = wanted
  // useradd fails if the user's own group exists already: then that group is used.
  const primary = wanted.group ?? (groupOf(found, name) === undefined ? undefined : name)
  const flags = [
    create_home ? '-m' : '-M',
    ...(system ? ['-r'] : []),
    ...option('-u', uid),
    ...option('-g', primary),
    ...option('-d', home),
    ...option('-s', shell),
    ...option('-c', comment),
    ...(groups.length === 0 ? [] : ['-G', groups.join(',')]),
  ]
  const details = [
    ...(uid === undefined ? [] : [`uid ${uid}`]),
    ...(wanted.group === undefined ? [] : [`group ${wanted.group}`]),
    ...(groups.length === 0 ? [] : [`groups ${groups.join(', ')}`]),
  ].join('; ')
  const sets = [
    ...userKeys(name),
    uidKey(uid),
    PRIMARY_GROUPS,
    HOMES,
    ...(primary === undefined ? ownGroup(name) : []),
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
  const differs = <T extends string | number>(asked: T | undefined, is: T): T | undefined =>
    asked === is ? undefined : asked
  const parts: [what: string, flags: string[]][] = [
    ...change('uid', '-u', differs(uid, entry.uid), entry.uid),
    ...(primary === undefined || primary.gid === entry.gid
      ? []
      : change('group', '-g', primary.name, groupOf(found, String(entry.gid))?.name ?? entry.gid)),
    ...change('comment', '-c', differs(comment, entry.comment), entry.comment),
    ...change('home', '-d', differs(home, entry.home), entry.home),
    ...change('shell', '-s', differs(shell, entry.shell), entry.shell),
    ...membership(wanted, primary?.gid ?? entry.gid, found),
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
    // A run that was killed after useradd has not set the password.
    ...((wanted.update_password === 'always' || found.passwordUnset) && !found.passwordSame
      ? passwordChange(wanted)
      : []),
  ]
}

const option = (flag: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [flag, String(value)]

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
  const requested = names(found.groups.filter((group) => groups.includes(group.name)))
  const added = [...requested].filter((group) => !current.has(group))
  const removed = append ? [] : [...current].filter((group) => !requested.has(group))
  if (added.length === 0 && removed.length === 0) return []
  const what = [
    ...(added.length === 0 ? [] : [`add to ${added.join(', ')}`]),
    ...(removed.length === 0 ? [] : [`remove from ${removed.join(', ')}`]),
  ]
  return [[what.join(', '), append ? ['-a', '-G', added.join(',')] : ['-G', [...requested].join(',')]]]
}

/** As useradd -m does: the skeleton's files, accessible to the user and its group only. */
const homeCreation = (name: string, home: string): Change => ({
  description: `create home ${home} of ${name}`,
  script: [
    sh`mkdir -p -m 0750 -- ${home} || exit`,
    sh`if [ -d /etc/skel ]; then cp -R -- /etc/skel/. ${`${home}/`} || exit; fi`,
    sh`chown -R -h -- ${`${name}:`} ${home} || exit`,
  ].join('\n'),
  sets: newHomeKeys(home),
})

const passwordChange = ({ name, password }: UserParams): Change[] =>
  password === undefined
    ? []
    : [step(`set password of ${name}`, sh`printf '%s:%s\\n' ${name} ${password} | chpasswd -e`, userKeys(name))]
