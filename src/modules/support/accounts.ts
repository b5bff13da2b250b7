import { quote, raw, sh } from '../../shell/quote.ts'
import { variableSuffix, type FactCollector, type FactQuery } from '../../shell/fact-queries.ts'

const FILES = { passwd: '/etc/passwd', group: '/etc/group', shadow: '/etc/shadow' } as const

export type Database = keyof typeof FILES

/** Error on a host without the shadow tools. */
export const NO_TOOLS = 'useradd, groupadd, ... not found on this host: install its package passwd or shadow'

/** Shell text that reports a host on which the task's user cannot change accounts. */
export const WRITABLE = '[ -w /etc/passwd ] || echo not-writable'

/** Error for {@link WRITABLE}. */
export const NOT_WRITABLE =
  'cannot write to /etc/passwd on this host: accounts can only be changed as root (become: true)'

/** Databases that `getent` prints for every user. */
export type PublicDatabase = Exclude<Database, 'shadow'>

/**
 * A shell command that prints the entry of a user (`passwd`, `shadow`) or group. Reads the file if there is no getent.
 */
export function entryOf(database: Database, key: string): string {
  const literal = key.replaceAll(/[.[\]*^$\\]/g, '\\$&')
  const pattern = isNumber(key) ? `^[^:]*:[^:]*:${literal}:` : `^${literal}:`
  const inFile = sh`grep ${pattern} ${FILES[database]}`
  return sh`if command -v getent >/dev/null; then getent ${database} ${key}; else ${raw(inFile)}; fi`
}

/** A key that is a uid or gid. */
export const isNumber = (key: string): boolean => /^\d+$/.test(key)
const variable = (database: PublicDatabase, key: string): string => `lb_${database}_${variableSuffix(key)}`
const ALL = '*'

/** Shell text that assigns the entry of a user or group to a variable; empty: there is none. */
export function findEntry(into: string, database: PublicDatabase, key: string): string {
  const shared = variable(database, key)
  return `if [ "\${${shared}+x}" ]; then ${into}=$${shared}; else ${into}=$(${entryOf(database, key)}); fi`
}

/** The batched fact that {@link findEntry} uses. */
export const batchedEntry = (database: PublicDatabase, key: string): FactQuery => ({
  collector: COLLECTORS[database],
  args: [key],
})

/** A shell command that prints all entries. */
export function allEntries(database: PublicDatabase): string {
  const shared = variable(database, ALL)
  const print = sh`if command -v getent >/dev/null; then getent ${database}; else cat ${FILES[database]}; fi`
  return `if [ "\${${shared}+x}" ]; then printf '%s\\n' "$${shared}"; else ${print}; fi`
}

/** The batched fact that {@link allEntries} uses. */
export const batchedEntries = (database: PublicDatabase): FactQuery => ({
  collector: COLLECTORS[database],
  args: [ALL],
})

/** A shell condition: a user or group of this name exists. */
export const accountExists = (database: PublicDatabase, name: string): string =>
  `{ ${findEntry('lb_entry', database, name)}; [ -n "$lb_entry" ]; }`

const collector = (database: PublicDatabase): FactCollector => ({
  compose(asked) {
    const keys = asked.flat().filter((key) => key !== ALL)
    return [
      'if command -v getent >/dev/null; then',
      ...(asked.flat().includes(ALL) ? [`lb_all=$(getent ${database}) && ${variable(database, ALL)}=$lb_all`] : []),
      ...(keys.length === 0 ? [] : [batchQuery(database, keys)]),
      ':; fi',
    ].join('\n')
  },
})

/** One getent for many keys. It prints the entries it finds, in their order, and exits with 2 if some are missing. */
function batchQuery(database: PublicDatabase, keys: readonly string[]): string {
  const cases = (word: string, selected: readonly string[], value: (name: string) => string): string[] =>
    selected.length === 0
      ? []
      : [
          `case ${word} in`,
          ...selected.map((key) => `${quote(key)}) ${variable(database, key)}=${value(variable(database, key))};;`),
          'esac',
        ]
  return [
    sh`lb_all=$(getent ${database} ${keys}); lb_code=$?`,
    'if [ "$lb_code" = 0 ] || [ "$lb_code" = 2 ]; then',
    ...keys.map((key) => `${variable(database, key)}=`),
    `set -f; IFS='\n'; for lb_line in $lb_all; do`,
    'lb_id=${lb_line#*:}; lb_id=${lb_id#*:}; lb_id=${lb_id%%:*}',
    // If two entries have one name, the first counts, as in a single query.
    ...cases(
      '${lb_line%%:*}',
      keys.filter((key) => !isNumber(key)),
      (name) => `\${${name}:-$lb_line}`,
    ),
    // An entry printed for a name may also have a requested number; the entry of the number itself comes later.
    ...cases('$lb_id', keys.filter(isNumber), () => '$lb_line'),
    'done; fi',
  ].join('\n')
}

const COLLECTORS: Readonly<Record<PublicDatabase, FactCollector>> = {
  passwd: collector('passwd'),
  group: collector('group'),
}

/** An entry of `getent group`. */
export interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

export function groupEntry(line: string): GroupEntry {
  const [name = '', , gid = '', members = ''] = line.split(':')
  return { name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') }
}

/** An entry of `getent passwd`. */
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
