import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const ENV = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@x' },
}
/** Runs git in a directory, without the configuration of the user. */
export const runGit = (at: string, ...args: string[]): string =>
  execFileSync('git', ['-C', at, ...args], { env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

/** A repository with two commits on `main`, a branch `other`, a light and an annotated tag. */
export function repository(folder: string, name = 'repo'): { repo: string; commit: (text: string) => string } {
  const repo = path.join(folder, name)
  mkdirSync(repo)
  runGit(repo, 'init', '-q', '-b', 'main')
  const commit = (text: string): string => {
    writeFileSync(path.join(repo, 'file'), text)
    runGit(repo, 'add', '.')
    runGit(repo, 'commit', '-q', '-m', text)
    return runGit(repo, 'rev-parse', 'HEAD')
  }
  commit('one')
  runGit(repo, 'tag', 'v1')
  runGit(repo, 'branch', 'other')
  commit('two')
  runGit(repo, 'tag', '-a', '-m', 'second', 'v2')
  return { repo, commit }
}
