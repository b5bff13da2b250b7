import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'

const ROOT = path.join(import.meta.dirname, '../../..')
const CHANGELOG = '# Changelog\n\n## Unreleased\n\n- A fix.\n'

/** A repository with one commit, whose build is this command. */
function repository(test: Test, build: string) {
  const manifest = { name: 'small', version: '1.2.3', type: 'module', scripts: { build } }
  const directory = test.testdir({
    'package.json': JSON.stringify(manifest),
    'package-lock.json': JSON.stringify({ name: 'small', version: '1.2.3', lockfileVersion: 3, packages: {} }),
    'CHANGELOG.md': CHANGELOG,
  })
  cpSync(path.join(ROOT, 'release'), path.join(directory, 'release'), { recursive: true })
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: directory, encoding: 'utf8' }).trim()
  git('init', '--quiet')
  git('config', 'user.name', 'Ann')
  git('config', 'user.email', 'ann@example.org')
  git('add', '.')
  git('commit', '--quiet', '--message', 'Start')
  const program = ['--import', import.meta.resolve('tsx'), 'release/release.ts']
  const release = (step: string) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...program, step], {
      cwd: directory,
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }
  return { git, release, read: (file: string) => readFileSync(path.join(directory, file), 'utf8') }
}

t.test('a release sets version and changelog, and commits and tags them', async (t) => {
  const { git, release, read } = repository(t, 'true')
  t.match(release('minor'), { status: 0, stdout: /^1\.3\.0 is in dist: .* npm publish \.\/dist from CI\n$/ })
  t.match(JSON.parse(read('package.json')), { version: '1.3.0' })
  t.match(read('CHANGELOG.md'), /^## 1\.3\.0 \(/m)
  t.equal(git('log', '--format=%s %D', '-1').replace(/HEAD -> \w+, /, ''), 'Release 1.3.0 tag: v1.3.0')
})

t.test('a release that fails leaves nothing changed', async (t) => {
  for (const [problem, build] of [
    ['the build fails', 'exit 3'],
    [
      'the commit fails',
      String.raw`printf '#!/bin/sh\nexit 1\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit`,
    ],
    ['the tag exists', 'git tag v1.2.4'],
  ] as const) {
    const { git, release, read } = repository(t, build)
    const { status, stderr } = release('patch')
    t.equal(status, 1, problem)
    t.match(stderr, /^the release failed; its changes were reverted: Command failed: /m, problem)
    t.notMatch(stderr, /^ +at /m, problem)
    t.equal(git('status', '--porcelain'), '', problem)
    t.equal(git('log', '--format=%s'), 'Start', problem)
    t.equal(read('CHANGELOG.md'), CHANGELOG, problem)
  }
})
