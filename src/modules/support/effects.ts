import { posix } from 'node:path'
import type { GivenAttributes } from './params.ts'
import type { PathFacts } from './path-facts.ts'

/*
 * The resource keys of `reads` and `sets`. A path alone is what exists there: its kind, its content, the target of a
 * link. Setting a path also counts for everything below it, so two more keys narrow this down:
 *
 *     PATH/.            owner and mode of the path, and that it is a directory
 *     directory:PATH    that a directory exists, for tasks that put something into it
 *
 * So a change of a directory's owner does not affect a task about a file in it. Creating `/srv/a` does not affect a
 * task that creates `/srv/a/b` with its parents, but one that puts a file there.
 */

const slash = (path: string): string => (path.endsWith('/') ? path : `${path}/`)
const ownerKey = (path: string): string => `${slash(path)}.`
/** Reads and sets: that a directory exists. */
export const directoryKey = (path: string): string => `directory:${path}`

/** Changed accounts, for readers of the account files. */
const ACCOUNT_FILES = 'accounts:files'
/** A uid or gid lost its name. */
export const NUMBERS = 'accounts:numbers'
/** Home directories of users. */
export const HOMES = 'accounts:homes'
/** Primary groups of users. */
export const PRIMARY_GROUPS = 'accounts:primary-groups'

const holdsAccounts = (path: string): boolean =>
  path === '/' || path === '/etc' || /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$/.test(path)

/** Reads: what exists at a path, without owner and mode. */
export const contentOf = (path: string): string[] => [
  path,
  directoryKey(path),
  ...(holdsAccounts(path) ? [ACCOUNT_FILES] : []),
]

/** Reads: what exists at a path, with owner and mode; and whether its directory exists. */
export const entryAt = (path: string): string[] => [...contentOf(path), ...ownerAt(path), ...parentOf(path)]

/** Reads: owner and mode of a path. */
export const ownerAt = (path: string): string[] => [ownerKey(path)]

/** Reads: everything at and below a path. */
export const treeAt = (path: string): string[] => [...contentOf(path), ...ownerAt(path), slash(path)]

/** Reads: whether the directory of a path exists. */
export const parentOf = (path: string): string[] => [posix.dirname(path), directoryKey(posix.dirname(path))]

/** Reads: the accounts with these names. A number needs none. */
export function accountsOf({ owner, group }: Pick<GivenAttributes, 'owner' | 'group'>): string[] {
  const named = (database: string, kind: string, name: string | undefined): string[] =>
    name === undefined || /^\d+$/.test(name) ? [] : [`${kind}:${name}`, database]
  const keys = [...named('/etc/passwd', 'user', owner), ...named('/etc/group', 'group', group)]
  // The old owner is shown by name.
  return owner === undefined && group === undefined ? [] : [...keys, NUMBERS]
}

/** Sets: another file, link or nothing at a path. */
export const setContent = (path: string): string[] => [path, ...unitFileAt(path)]

/** Sets: everything at and below a path. What is below a link changes with it. */
export const setTree = (path: string): string[] => [...setContent(path), slash(path)]

/** Sets: owner and mode. */
export const setAttributes = (path: string): string[] => [ownerKey(path)]

/** Sets: owner and mode of everything at and below a path. */
export const setAttributesBelow = (path: string): string[] => [slash(path)]

/**
 * Sets: a new directory.
 * @param missing - how many of the path's last components are created, its own included
 */
export function setDirectory(path: string, missing = 1): string[] {
  const created = [path]
  while (created.length < missing) created.unshift(posix.dirname(created[0] as string))
  return created.flatMap((each) => [ownerKey(each), directoryKey(each)])
}

/** Directories that every host has. */
const EVERYWHERE = new Set([
  '/',
  '/etc',
  '/home',
  '/run',
  '/tmp',
  '/usr',
  '/usr/bin',
  '/usr/lib',
  '/usr/local',
  '/usr/share',
  '/var',
  '/var/lib',
  '/var/log',
])

/** Sets: a directory and all of its parents that may be missing. */
export function setNewDirectory(path: string): string[] {
  const parent = posix.dirname(path)
  return [...(EVERYWHERE.has(parent) ? [] : setNewDirectory(parent)), ...setDirectory(path)]
}

/** Sets: an account and the account files. */
export const setAccount = (...keys: readonly string[]): string[] => [...keys, ACCOUNT_FILES]

/** Reads beyond the parameters: where the links in a path lead. */
export function readsAt(
  { realPath: really }: PathFacts,
  keysOf: (path: string) => string[],
): { reads?: readonly string[] } {
  if (really === undefined) return {}
  return { reads: really === null ? treeAt('/') : keysOf(really) }
}

/** What a change of a path sets: the given path and, if a link leads elsewhere, the real one. */
export function setsAt(
  path: string,
  { realPath: really }: PathFacts,
  keysOf: (path: string) => string[],
): readonly string[] {
  if (really === undefined) return keysOf(path)
  return really === null ? setTree('/') : [...keysOf(path), ...keysOf(really)]
}

const UNIT_DIRECTORIES = /^\/(?:etc|run|usr\/lib|lib|usr\/local\/lib)\/systemd\/system(?:\/(.+))?$/
/** Parents of unit directories, and files that systemd generates units from. */
const UNIT_SOURCES =
  /^\/(?:(?:etc|run|usr|usr\/lib|lib|usr\/local|usr\/local\/lib)(?:\/systemd)?|etc\/fstab|etc\/systemd\/.*)?$/

/** The units that a file belongs to: a unit, the instances of a template, or any. */
function unitFileAt(path: string): string[] {
  const [directory = '', file] = UNIT_DIRECTORIES.exec(path)?.[1]?.split('/') ?? []
  if (file !== undefined && /\.(wants|requires)$/.test(directory)) return [`unit-enabled:${file}`]
  const name = directory.replace(/\.d$/, '')
  if (/^.*[^-]\.[a-z]+$/.test(name)) return [`unit-file:${name}`, SOME_UNIT]
  if (/^\/etc\/init\.d\/[^/]+$/.test(path)) return [`unit-file:${posix.basename(path)}.service`, SOME_UNIT]
  return UNIT_DIRECTORIES.test(path) || UNIT_SOURCES.test(path) ? [ANY_UNIT, SOME_UNIT] : []
}

/** Any unit file may have changed: read by all who read one. */
const ANY_UNIT = 'unit-file:any'
/** One unit file has changed: read by those who read all. */
const SOME_UNIT = 'unit-file:some'

/** Reads: a unit's files. Without a name: all of them. */
export function unitFile(name?: string): string[] {
  if (name === undefined) return [ANY_UNIT, SOME_UNIT]
  const template = name.includes('@') ? [`unit-file:${name.replace(/@.*(?=\.)/, '@')}`] : []
  return [`unit-file:${name}`, ...template, ANY_UNIT]
}

/** Sets: a unit's files. */
export const setUnitFile = (name: string): string[] => [`unit-file:${name}`, SOME_UNIT]
