import { readFileSync } from 'node:fs'
import path from 'node:path'
import { PACKAGE_ROOT } from '../values/package-root.ts'

/**
 * The version of this Labbook; in a git checkout with its commit as build metadata (https://semver.org, 10):
 * `0.1.0+1a2b3c4d`. Two commits with the same version may render different reports and plan different changes.
 */
export function labbookVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string }
  const commit = checkedOutCommit(path.join(PACKAGE_ROOT, '.git'))
  return commit === undefined ? version : `${version}+${commit.slice(0, 8)}`
}

const COMMIT = /^[0-9a-f]{40,64}$/

/**
 * Reads the files itself: git would be one more process in each start.
 *
 * @param dotGit - the path `.git`: a directory, or the file of a worktree or submodule that names one
 *   (gitrepository-layout(5)).
 */
export function checkedOutCommit(dotGit: string): string | undefined {
  const linked = /^gitdir: (.+)$/.exec(textOf(dotGit) ?? '')?.[1]
  const git = linked === undefined ? dotGit : path.resolve(path.dirname(dotGit), linked)
  const common = path.resolve(git, textOf(path.join(git, 'commondir')) ?? '.')
  const head = textOf(path.join(git, 'HEAD'))
  if (head === undefined || COMMIT.test(head)) return head
  const ref = /^ref: (refs\/\S+)$/.exec(head)?.[1]
  if (ref === undefined) return undefined
  const commit = textOf(path.join(common, ref)) ?? packed(textOf(path.join(common, 'packed-refs')) ?? '', ref)
  return commit !== undefined && COMMIT.test(commit) ? commit : undefined
}

const packed = (refs: string, ref: string): string | undefined =>
  refs
    .split('\n')
    .find((line) => line.endsWith(` ${ref}`))
    ?.split(' ')[0]

/** Undefined where it is not a file that can be read, as in an installed package. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}
