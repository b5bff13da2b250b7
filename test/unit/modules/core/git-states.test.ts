import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { git } from '../../../../src/modules/core/git.ts'
import { converge } from '../../../support/shells.ts'
import { converged, descriptions, inEachShell } from '../each-shell.ts'
import { repository, runGit as run } from '../git-repository.ts'

t.test('git takes a path for a URL, as Ansible does: depth counts, slashes do not', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo } = repository(folder)
    const dest = path.join(folder, 'tree')
    converge(shell, git, { repo, dest, depth: 1 })
    t.equal(run(dest, 'rev-list', '--count', 'HEAD'), '1')
    t.equal(run(dest, 'config', 'remote.origin.url'), `file://${repo}`)
    for (const same of [`${repo}/`, `file://${repo}`, `file://${folder}//repo/`])
      t.same(converge(shell, git, { repo: same, dest, depth: 1 }).before.changes, [], same)
    run(dest, 'config', 'remote.origin.url', repo)
    converged(t, converge(shell, git, { repo, dest, depth: 1 }), [
      `set remote origin of ${dest} to ${repo} (was ${repo})`,
    ])
  })
})

t.test('git checks out a branch that has the name of a tag, and detaches HEAD for tags and commits', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo } = repository(folder)
    run(repo, 'branch', 'both', 'v1')
    run(repo, 'tag', 'both', 'v2^{}')
    const dest = path.join(folder, 'tree')
    const [one, two] = ['v1', 'v2^{}'].map((name) => run(repo, 'rev-parse', name)) as [string, string]
    converged(t, converge(shell, git, { repo, dest, version: 'both' }), [
      `clone ${repo} to ${dest} at both (${one.slice(0, 10)})`,
    ])
    t.equal(run(dest, 'symbolic-ref', 'HEAD'), 'refs/heads/both')
    const [at, is] = [two.slice(0, 10), one.slice(0, 10)]
    converged(t, converge(shell, git, { repo, dest, version: 'main' }), [`update ${dest} to main (${at}) (was ${is})`])
    for (const version of ['v2', two]) {
      run(dest, 'checkout', '-q', 'main')
      const name = version === two ? two : `v2 (${at})`
      converged(t, converge(shell, git, { repo, dest, version }), [`update ${dest} to ${name} (was ${at})`])
      t.equal(run(dest, 'branch', '--show-current'), '')
    }
    run(dest, 'branch', 'v1', 'v2^{}')
    converged(t, converge(shell, git, { repo, dest, version: 'v1' }), [`update ${dest} to v1 (${is}) (was ${at})`])
    t.equal(run(dest, 'rev-parse', 'HEAD'), one, 'the tag, not a branch of the working tree')
  })
})

t.test('git discards modifications of submodules with force, and leaves them alone without recursive', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo: sub, commit } = repository(folder, 'library')
    const { repo } = repository(folder)
    const allow = ['-c', 'protocol.file.allow=always']
    run(repo, ...allow, 'submodule', '--quiet', 'add', sub, 'sub')
    run(repo, 'commit', '-q', '-m', 'sub')
    process.env['GIT_ALLOW_PROTOCOL'] = 'file'
    t.teardown(() => {
      delete process.env['GIT_ALLOW_PROTOCOL']
    })
    const dest = path.join(folder, 'tree')
    converge(shell, git, { repo, dest })
    const file = path.join(dest, 'sub/file')
    writeFileSync(file, 'mine')
    t.match(converge(shell, git, { repo, dest }).before.problem, 'has local modifications (sub)')
    const forced = converge(shell, git, { repo, dest, force: true })
    t.match(descriptions(forced.before), [/discarding local modifications$/])
    t.same(forced.after.changes, [])
    t.equal(readFileSync(file, 'utf8'), 'two')
    commit('three')
    run(path.join(repo, 'sub'), 'pull', '-q')
    run(repo, 'commit', '-q', '-a', '-m', 'newer')
    const plain = converge(shell, git, { repo, dest, recursive: false })
    t.same([plain.after.problem, plain.after.changes], [undefined, []])
    t.equal(readFileSync(file, 'utf8'), 'two')
  })
})
