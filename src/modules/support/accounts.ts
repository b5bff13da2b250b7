import { sh, raw } from '../../shell/quote.ts'

const FILES = { passwd: '/etc/passwd', group: '/etc/group', shadow: '/etc/shadow' } as const

export type Database = keyof typeof FILES

/** Why users and groups cannot be changed on a host without the shadow tools. */
export const NO_TOOLS =
  'the commands useradd, groupadd, ... are not on this host: they are in its package passwd or shadow'

/** A shell command that prints a user's (`passwd`, `shadow`) or group's line. Reads the file where there is no getent. */
export function entryOf(database: Database, key: string): string {
  const literal = key.replaceAll(/[.[\]*^$\\]/g, '\\$&')
  const pattern = /^\d+$/.test(key) ? `^[^:]*:[^:]*:${literal}:` : `^${literal}:`
  const inFile = sh`grep ${pattern} ${FILES[database]}`
  return sh`if command -v getent >/dev/null; then getent ${database} ${key}; else ${raw(inFile)}; fi`
}

/** A shell command that prints all lines. */
export const allEntries = (database: Database): string =>
  sh`if command -v getent >/dev/null; then getent ${database}; else cat ${FILES[database]}; fi`

/** A shell condition: a user or group of this name exists. */
export const accountExists = (database: Database, name: string): string => `{ ${entryOf(database, name)}; } >/dev/null`

/** A line of `getent group`. */
export interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

export function groupEntry(line: string): GroupEntry {
  const [name = '', , gid = '', members = ''] = line.split(':')
  return { name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') }
}

/** A line of `getent passwd`. */
export interface UserEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly comment: string
  readonly home: string
  readonly shell: string
}

export function userEntry(line: string): UserEntry {
  const [name = '', , uid = '', gid = '', comment = '', home = '', shell = ''] = line.split(':')
  return { name, uid: Number(uid), gid: Number(gid), comment, home, shell }
}
