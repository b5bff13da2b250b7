import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { checkedOutCommit } from '../../../src/cli/labbook-version.ts'

t.test('the commit of a checkout is the one that git names', async (t) => {
  const dir = t.testdir()
  const git = (...args: string[]): string => {
    const config = ['-c', 'user.name=ann', '-c', 'user.email=ann@example.org', '-c', 'init.defaultBranch=main']
    const { stdout, stderr, status } = spawnSync('git', [...config, ...args], { cwd: dir, encoding: 'utf8' })
    t.equal(status, 0, stderr)
    return stdout.trim()
  }
  const own = (): string | undefined => checkedOutCommit(path.join(dir, '.git'))
  t.equal(own(), undefined, 'no checkout')
  git('init')
  t.equal(own(), undefined, 'no commit')
  git('commit', '--allow-empty', '-m', 'One')
  t.equal(own(), git('rev-parse', 'HEAD'))
  git('checkout', '-b', 'feature/two')
  git('commit', '--allow-empty', '-m', 'Two')
  t.equal(own(), git('rev-parse', 'HEAD'))
  git('pack-refs', '--all')
  t.equal(own(), git('rev-parse', 'HEAD'), 'packed')
  git('checkout', '--detach', 'HEAD~1')
  t.equal(own(), git('rev-parse', 'HEAD'), 'detached')
  git('worktree', 'add', 'other', 'feature/two')
  t.equal(checkedOutCommit(path.join(dir, 'other/.git')), git('rev-parse', 'feature/two'), 'worktree')
  rmSync(path.join(dir, '.git'), { recursive: true })
  t.equal(own(), undefined, 'installed package')
})
