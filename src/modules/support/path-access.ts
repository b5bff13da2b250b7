import { posix } from 'node:path'
import type { Attributes } from './params.ts'
import type { PathFacts } from './path-facts.ts'
import { ACCESS_WORDS } from './path-access-probe.ts'

/** Why a path cannot be created, replaced or removed; undefined: nothing is known to prevent it. */
export function entryProblem(path: string, { words, kind }: PathFacts): string | undefined {
  const isRoot = !words.has(ACCESS_WORDS.user)
  const parent = posix.dirname(path)
  if (/^\/(?:proc|sys)\//.test(path)) return `${path} is a setting of the kernel, not a file: write it with a command`
  if (words.has(ACCESS_WORDS.mount)) return `${path} is a mount point, or contains one: unmount it first`
  if (words.has(ACCESS_WORDS.directory))
    return isRoot
      ? `cannot write to directory ${parent}: it is immutable, or on a read-only file system`
      : `no permission to write to directory ${parent}: set become`
  if (isRoot && kind !== 'directory' && words.has(ACCESS_WORDS.path)) return `cannot change ${path}: ${UNCHANGEABLE}`
  return undefined
}

/** Why owner and mode of an existing path cannot be changed. */
export function attributesProblem(path: string, { words, user }: PathFacts, wanted: Attributes): string | undefined {
  if (!words.has(ACCESS_WORDS.user))
    return words.has(ACCESS_WORDS.path) ? `cannot change ${path}: ${UNCHANGEABLE}` : undefined
  if (wanted.owner !== undefined) return `only root can change the owner of ${path}: set become`
  if (words.has(ACCESS_WORDS.owner))
    return `only root and its owner ${user} can change the attributes of ${path}: set become`
  return undefined
}

const UNCHANGEABLE = 'it is immutable, or on a read-only file system'
