import { parseKey, type FoundKey, type KeyParams } from './user-key.ts'
import { parsePassword, type FoundPassword, type PasswordParams } from './user-password.ts'
import { groupEntry, userEntry, type GroupEntry, type UserEntry } from './accounts.ts'

/** Parameters of the `user` module. */
export interface UserParams extends KeyParams, PasswordParams {
  readonly uid?: number | undefined
  readonly group?: string | undefined
  readonly groups?: readonly string[] | undefined
  readonly append: boolean
  readonly home?: string | undefined
  readonly shell?: string | undefined
  readonly system: boolean
  readonly create_home: boolean
  readonly comment?: string | undefined
  readonly non_unique: boolean
  readonly umask?: string | undefined
  readonly update_password: 'always' | 'on_create'
  readonly state: 'present' | 'absent'
  readonly remove: boolean
}

/** Facts from the probe. */
export interface FoundUser {
  readonly entry: UserEntry | undefined
  /** The user with the requested uid. */
  readonly holder: UserEntry | undefined
  readonly password: FoundPassword
  readonly key: FoundKey
  readonly homeThere: boolean
  /** Uid of the home's owner, and all users: set if a home will be removed. */
  readonly homeOwner: number | undefined
  /** Why userdel cannot remove a home. */
  readonly homeKind: 'link' | 'mount' | undefined
  readonly mailOwner: number | undefined
  readonly users: readonly UserEntry[]
  /** Parent directory of new homes: set if the user does not exist and no home is given. */
  readonly homes: string
  readonly tools: boolean
  /** Accounts can be changed. */
  readonly writable: boolean
  readonly groups: readonly GroupEntry[]
}

/** Parses the output of the `user` module's probe. */
export function parseUser(stdout: string): FoundUser {
  const lines = stdout.split('\n')
  const start = lines.indexOf('groups')
  const head = lines.slice(0, start)
  const homes = head.find((line) => line.startsWith('homes '))?.slice('homes '.length)
  const passwd = head.find((line) => line.startsWith('passwd '))
  const numberAfter = (prefix: string): number | undefined => {
    const line = head.find((line) => line.startsWith(prefix))
    return line === undefined ? undefined : Number(line.slice(prefix.length))
  }
  const holder = head.find((line) => line.startsWith('uid '))
  return {
    entry: passwd === undefined ? undefined : userEntry(passwd.slice('passwd '.length)),
    holder: holder === undefined ? undefined : userEntry(holder.slice('uid '.length)),
    password: parsePassword(head),
    key: parseKey(head),
    homeThere: head.includes('home-there'),
    homeOwner: numberAfter('home-owner '),
    homeKind: head.includes('home-link') ? 'link' : head.includes('home-mount') ? 'mount' : undefined,
    mailOwner: numberAfter('mail-owner '),
    users: head.filter((line) => line.startsWith('other ')).map((line) => userEntry(line.slice('other '.length))),
    homes: homes === undefined || homes === '' ? '/home' : homes,
    tools: !head.includes('no-tools'),
    writable: !head.includes('not-writable'),
    groups: lines
      .slice(start + 1)
      .filter((line) => line !== '')
      .map(groupEntry),
  }
}
