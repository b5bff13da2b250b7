import { quote, raw, sh } from '../../shell/quote.ts'
import { nameOf, type Collector, type Shared } from '../../shell/shared.ts'

const FILES = { passwd: '/etc/passwd', group: '/etc/group', shadow: '/etc/shadow' } as const

export type Database = keyof typeof FILES

/** Why users and groups cannot be changed on a host without the shadow tools. */
export const NO_TOOLS =
  'the commands useradd, groupadd, ... are not on this host: they are in its package passwd or shadow'

/** Databases that `getent` tells everyone of. */
export type Shareable = Exclude<Database, 'shadow'>

/**
 * A shell command that prints a user's (`passwd`, `shadow`) or group's line. Reads the file where there is no getent.
 */
export function entryOf(database: Database, key: string): string {
  const literal = key.replaceAll(/[.[\]*^$\\]/g, '\\$&')
  const pattern = isNumber(key) ? `^[^:]*:[^:]*:${literal}:` : `^${literal}:`
  const inFile = sh`grep ${pattern} ${FILES[database]}`
  return sh`if command -v getent >/dev/null; then getent ${database} ${key}; else ${raw(inFile)}; fi`
}

/** A key that is a uid or gid. */
export const isNumber = (key: string): boolean => /^\d+$/.test(key)
const variable = (database: Shareable, key: string): string => `lb_${database}_${nameOf(key)}`
const ALL = '*'

/** Shell text that puts the line of a user or group into a variable; empty: there is none. */
export function findEntry(into: string, database: Shareable, key: string): string {
  const shared = variable(database, key)
  return `if [ "\${${shared}+x}" ]; then ${into}=$${shared}; else ${into}=$(${entryOf(database, key)}); fi`
}

/** What {@link findEntry} can be told together with others. */
export const sharedEntry = (database: Shareable, key: string): Shared => ({ by: COLLECTORS[database], words: [key] })

/** A shell command that prints all lines. */
export function allEntries(database: Shareable): string {
  const shared = variable(database, ALL)
  const print = sh`if command -v getent >/dev/null; then getent ${database}; else cat ${FILES[database]}; fi`
  return `if [ "\${${shared}+x}" ]; then printf '%s\\n' "$${shared}"; else ${print}; fi`
}

/** What {@link allEntries} can be told together with others. */
export const sharedEntries = (database: Shareable): Shared => ({ by: COLLECTORS[database], words: [ALL] })

/** A shell condition: a user or group of this name exists. */
export const accountExists = (database: Shareable, name: string): string =>
  `{ ${findEntry('lb_entry', database, name)}; [ -n "$lb_entry" ]; }`

const collector = (database: Shareable): Collector => ({
  compose(asked) {
    const keys = asked.flat().filter((key) => key !== ALL)
    return [
      'if command -v getent >/dev/null; then',
      ...(asked.flat().includes(ALL) ? [`lb_all=$(getent ${database}) && ${variable(database, ALL)}=$lb_all`] : []),
      ...(keys.length === 0 ? [] : [together(database, keys)]),
      ':; fi',
    ].join('\n')
  },
})

/**
 * One getent for many keys. It prints what it finds, in their order, and ends with 2 where it has not found them all.
 */
function together(database: Shareable, keys: readonly string[]): string {
  const cases = (word: string, of: readonly string[], value: (name: string) => string): string[] =>
    of.length === 0
      ? []
      : [
          `case ${word} in`,
          ...of.map((key) => `${quote(key)}) ${variable(database, key)}=${value(variable(database, key))};;`),
          'esac',
        ]
  return [
    sh`lb_all=$(getent ${database} ${keys}); lb_code=$?`,
    'if [ "$lb_code" = 0 ] || [ "$lb_code" = 2 ]; then',
    ...keys.map((key) => `${variable(database, key)}=`),
    `set -f; IFS='\n'; for lb_line in $lb_all; do`,
    'lb_id=${lb_line#*:}; lb_id=${lb_id#*:}; lb_id=${lb_id%%:*}',
    // A name may be that of two; whoever is first counts, as where it is asked for alone.
    ...cases(
      '${lb_line%%:*}',
      keys.filter((key) => !isNumber(key)),
      (name) => `\${${name}:-$lb_line}`,
    ),
    // A number may be that of another whose name was asked for; what it was itself asked for comes later.
    ...cases('$lb_id', keys.filter(isNumber), () => '$lb_line'),
    'done; fi',
  ].join('\n')
}

const COLLECTORS: Readonly<Record<Shareable, Collector>> = { passwd: collector('passwd'), group: collector('group') }

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
