import { posix } from 'node:path'
import type { Attributes } from './params.ts'
import type { PathFacts } from './path-facts.ts'

/*
 * The words that `reads` and `sets` are made of. A path alone says what is there: its kind, its content, where a link
 * leads. Two more keep apart what would otherwise hang together too widely, since setting a path counts for all below
 * it:
 *
 *     PATH/.            owner and mode of what is at the path, and that a directory is there
 *     directory:PATH    that a directory is there, for those who would put something into it
 *
 * So a change of a directory's owner is of no concern to a task about a file in it, and `/srv/a` that is yet to be made
 * is none to a task that would make `/srv/a/b`, but is one to a task that would put a file there.
 */

const slash = (path: string): string => (path.endsWith('/') ? path : `${path}/`)
const own = (path: string): string => `${slash(path)}.`
const folderAt = (path: string): string => `directory:${path}`

/** Users and groups that changed, for those who read the files with all of them as files. */
const ACCOUNT_FILES = 'accounts:files'
/** A number lost the name it had. */
export const NUMBERS = 'accounts:numbers'
/** Which home is whose. */
export const HOMES = 'accounts:homes'
/** Which group is whose primary one. */
export const PRIMARY_GROUPS = 'accounts:primary-groups'

const holdsAccounts = (path: string): boolean =>
  path === '/' || path === '/etc' || /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$/.test(path)

/** Reads: what is at a path, not whose it is. */
export const contentOf = (path: string): string[] => [
  path,
  folderAt(path),
  ...(holdsAccounts(path) ? [ACCOUNT_FILES] : []),
]

/** Reads: what is at a path, whose it is and who may use it; and whether its folder is there. */
export const entryAt = (path: string): string[] => [...contentOf(path), ...ownerAt(path), ...parentOf(path)]

/** Reads: whose what is at a path is, and who may use it. */
export const ownerAt = (path: string): string[] => [own(path)]

/** Reads: all at and below a path. */
export const treeAt = (path: string): string[] => [...contentOf(path), ...ownerAt(path), slash(path)]

/** Reads: whether the folder of a path is there. */
export const parentOf = (path: string): string[] => [posix.dirname(path), folderAt(posix.dirname(path))]

/** Reads: the accounts that go by these names. A number needs none. */
export function accountsOf({ owner, group }: Attributes): string[] {
  const named = (database: string, kind: string, name: string | undefined): string[] =>
    name === undefined || /^\d+$/.test(name) ? [] : [`${kind}:${name}`, database]
  const words = [...named('/etc/passwd', 'user', owner), ...named('/etc/group', 'group', group)]
  // What is shown of the owner before is a name.
  return owner === undefined && group === undefined ? [] : [...words, NUMBERS]
}

/** Sets: another file, link or nothing at a path. */
export const setContent = (path: string): string[] => [path, ...unitFileAt(path)]

/** Sets: all at and below a path. What is below a link changes with it. */
export const setTree = (path: string): string[] => [...setContent(path), slash(path)]

/** Sets: owner and mode. */
export const setAttributes = (path: string): string[] => [own(path)]

/** Sets: owner and mode of all at and below a path. */
export const setAttributesBelow = (path: string): string[] => [slash(path)]

/**
 * Sets: a directory where nothing was.
 * @param missing - how many of the path's last names are made, its own among them
 */
export function setDirectory(path: string, missing = 1): string[] {
  const made = [path]
  while (made.length < missing) made.unshift(posix.dirname(made[0] as string))
  return made.flatMap((each) => [own(each), folderAt(each)])
}

/** No host is without them. */
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

/** Sets: the accounts' own files, beside the account itself. */
export const setAccount = (...words: readonly string[]): string[] => [...words, ACCOUNT_FILES]

/** What a plan depends on beyond its parameters: where the links in a path lead. */
export function readsAt({ really }: PathFacts, words: (path: string) => string[]): { reads?: readonly string[] } {
  if (really === undefined) return {}
  return { reads: really === null ? treeAt('/') : words(really) }
}

/** What a change of a path sets, under the name it was asked by and the one it really has: a link may lead to it. */
export function setsAt(path: string, { really }: PathFacts, words: (path: string) => string[]): readonly string[] {
  if (really === undefined) return words(path)
  return really === null ? setTree('/') : [...words(path), ...words(really)]
}

const UNIT_FOLDERS = /^\/(?:etc|run|usr\/lib|lib|usr\/local\/lib)\/systemd\/system(?:\/(.+))?$/
/** Folders that hold folders of unit files, and files that systemd makes units of. */
const UNIT_SOURCES =
  /^\/(?:(?:etc|run|usr|usr\/lib|lib|usr\/local|usr\/local\/lib)(?:\/systemd)?|etc\/fstab|etc\/systemd\/.*)?$/

/** The units that a file is part of: the very one, its template's, or who knows which. */
function unitFileAt(path: string): string[] {
  const [folder = '', file] = UNIT_FOLDERS.exec(path)?.[1]?.split('/') ?? []
  if (file !== undefined && /\.(wants|requires)$/.test(folder)) return [`unit-enabled:${file}`]
  const name = folder.replace(/\.d$/, '')
  if (/^.*[^-]\.[a-z]+$/.test(name)) return [`unit-file:${name}`, SOME_UNIT]
  if (/^\/etc\/init\.d\/[^/]+$/.test(path)) return [`unit-file:${posix.basename(path)}.service`, SOME_UNIT]
  return UNIT_FOLDERS.test(path) || UNIT_SOURCES.test(path) ? [ANY_UNIT, SOME_UNIT] : []
}

/** Any unit's file may have changed: read by all who read one. */
const ANY_UNIT = 'unit-file:any'
/** One unit's file has changed: read by those who read all. */
const SOME_UNIT = 'unit-file:some'

/** Reads: a unit's files. Without a name: all of them. */
export function unitFile(name?: string): string[] {
  if (name === undefined) return [ANY_UNIT, SOME_UNIT]
  const template = name.includes('@') ? [`unit-file:${name.replace(/@.*(?=\.)/, '@')}`] : []
  return [`unit-file:${name}`, ...template, ANY_UNIT]
}

/** Sets: a unit's files. */
export const setUnitFile = (name: string): string[] => [`unit-file:${name}`, SOME_UNIT]
