import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { releasedChangelog } from './changelog.ts'

/*
 * `npm run release major|minor|patch`: version, changelog, package in `dist`, commit and tag. Publishes nothing:
 * `npm publish ./dist` does, from CI, where npm can sign the provenance.
 */

const ROOT = path.join(import.meta.dirname, '..')
const CHANGELOG = path.join(ROOT, 'CHANGELOG.md')
/** What a release changes before its commit. */
const CHANGED = ['package.json', 'package-lock.json', 'CHANGELOG.md']

const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()

function release(step: string | undefined): string {
  if (step !== 'major' && step !== 'minor' && step !== 'patch')
    throw new RangeError('npm run release needs one of: major, minor, patch')
  if (run('git', 'status', '--porcelain') !== '')
    throw new RangeError('there are uncommitted changes: commit them first')
  const changelog = readFileSync(CHANGELOG, 'utf8')
  releasedChangelog(changelog, '', '')
  const before = run('git', 'rev-parse', 'HEAD')
  try {
    const version = run('npm', 'version', step, '--no-git-tag-version').replace(/^v/, '')
    writeFileSync(CHANGELOG, releasedChangelog(changelog, version, new Date().toISOString().slice(0, 10)))
    run('npm', 'run', '--silent', 'build')
    run('git', 'commit', '--quiet', '--all', '--message', `Release ${version}`)
    run('git', 'tag', '--annotate', `v${version}`, '--message', `Release ${version}`)
    return version
  } catch (error) {
    // Nothing was uncommitted before, so these are the release's changes.
    run('git', 'reset', '--quiet', '--soft', before)
    run('git', 'restore', '--source', before, '--staged', '--worktree', ...CHANGED)
    throw new RangeError(`the release failed; its changes were reverted: ${(error as Error).message}`)
  }
}

try {
  const version = release(process.argv[2])
  process.stdout.write(`${version} is in dist: git push --follow-tags, then npm publish ./dist from CI\n`)
} catch (error) {
  if (!(error instanceof RangeError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
