import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { git } from '../../../../src/modules/core/git.ts'
import { converge } from '../../../support/shells.ts'
import { converged, descriptions, inEachShell } from '../each-shell.ts'
import { repository, runGit as run } from '../git-repository.ts'

t.test('git clones, and follows a branch, tags and commits', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo, commit } = repository(folder)
    const [one, two] = [run(repo, 'rev-parse', 'v1'), run(repo, 'rev-parse', 'v2^{}')]
    const dest = path.join(folder, 'new dir/tree')
    const file = (): string => readFileSync(path.join(dest, 'file'), 'utf8')
    const first = converge(shell, git, { repo, dest })
    converged(t, first, [`clone ${repo} to ${dest} at main (${two.slice(0, 10)})`])
    t.same(
      { ...first.after.values, ...first.before.changeValues },
      { before: null, after: two, remote_url_changed: false },
    )

    const three = commit('three')
    const update = converge(shell, git, { repo, dest, version: 'main' })
    converged(t, update, [`update ${dest} to main (${three.slice(0, 10)}) (was ${two.slice(0, 10)})`])
    t.match({ ...update.after.values, ...update.before.changeValues }, { before: two, after: three })
    t.equal(file(), 'three')

    converged(t, converge(shell, git, { repo, dest, version: 'v1' }), [
      `update ${dest} to v1 (${one.slice(0, 10)}) (was ${three.slice(0, 10)})`,
    ])
    converged(t, converge(shell, git, { repo, dest, version: 'v2' }), [
      `update ${dest} to v2 (${two.slice(0, 10)}) (was ${one.slice(0, 10)})`,
    ])
    converged(t, converge(shell, git, { repo, dest, version: one }), [
      `update ${dest} to ${one} (was ${two.slice(0, 10)})`,
    ])
    converged(t, converge(shell, git, { repo, dest, version: 'other' }), [
      `update ${dest} to other (${one.slice(0, 10)}) (was ${one.slice(0, 10)})`,
    ])
    t.equal(run(dest, 'branch', '--show-current'), 'other')
    t.equal(file(), 'one')
    t.same(converge(shell, git, { repo, dest, version: 'main', update: false }).before.changes, [])
  })
})

t.test('git clones a tag, a commit, and a history of one commit', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo } = repository(folder)
    const one = run(repo, 'rev-parse', 'v1')
    for (const [name, params] of Object.entries({
      tag: { version: 'v1' },
      commit: { version: one },
      short: { version: one.slice(0, 8) },
      branch: { version: 'other', single_branch: true },
      shallow: { version: 'v1', depth: 1, repo: `file://${repo}` },
    })) {
      const dest = path.join(folder, name)
      const { before, applied, after } = converge(shell, git, { repo, dest, ...params })
      t.equal(before.changes.length, 1, name)
      t.match(applied, [{ exitCode: 0 }], name)
      t.same(after.changes, [], name)
      t.equal(after.values?.after, one, name)
    }
    t.equal(run(path.join(folder, 'shallow'), 'rev-list', '--count', 'HEAD'), '1')
  })
})

t.test('git fetches a shortened commit that is not in the working tree', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo, commit } = repository(folder)
    const one = run(repo, 'rev-parse', 'v1')
    run(repo, 'checkout', '-q', '-b', 'third')
    for (const params of [{}, { single_branch: true }, { depth: 1, repo: `file://${repo}` }]) {
      const label = JSON.stringify(params)
      const dest = path.join(folder, `tree${label.length}`)
      converge(shell, git, { repo, dest, version: 'other', ...params })
      const version = commit(`new ${label}`).slice(0, 8)
      converged(t, converge(shell, git, { repo, dest, ...params, version }), [
        `update ${dest} to ${version} (was ${one.slice(0, 10)})`,
      ])
      t.match(run(dest, 'rev-parse', 'HEAD'), version, label)
    }
    const dest = path.join(folder, 'new')
    const shallow = { repo: `file://${repo}`, dest, depth: 1, version: one.slice(0, 8) }
    converged(t, converge(shell, git, shallow), [`clone ${shallow.repo} to ${dest} at ${shallow.version}`])
    const none = converge(shell, git, { repo, dest, version: '0123456789' })
    t.match(none.applied.at(-1), { exitCode: /^[1-9]/, stderr: /0123456789/ })
  })
})

t.test('git follows the HEAD of a remote that is no branch', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo, commit } = repository(folder)
    const dest = path.join(folder, 'tree')
    converge(shell, git, { repo, dest })
    const two = run(repo, 'rev-parse', 'HEAD')
    run(repo, 'checkout', '-q', '--detach', 'v1')
    const one = run(repo, 'rev-parse', 'HEAD')
    const [at, was] = [one.slice(0, 10), two.slice(0, 10)]
    converged(t, converge(shell, git, { repo, dest }), [`update ${dest} to HEAD (${at}) (was ${was})`])
    const three = commit('three')
    converged(t, converge(shell, git, { repo, dest }), [`update ${dest} to HEAD (${three.slice(0, 10)}) (was ${at})`])
    for (const params of [{}, { repo: `file://${repo}`, depth: 1 }]) {
      const other = path.join(folder, JSON.stringify(params).replaceAll('/', ''))
      const cloned = converge(shell, git, { repo, dest: other, ...params })
      t.match([cloned.after.changes, cloned.after.values], [[], { after: three }])
    }
  })
})

/** A git that is killed in a clone, before it checks out the files. */
const KILLED_BEFORE = `#!/bin/sh
[ "$1" = clone ] || exec git "$@"
shift
for last; do :; done
git clone --no-checkout "$@" && : >"$last/.git/index.lock"
exit 137
`
/** A git that is killed when it has checked them out. */
const KILLED_AFTER = `#!/bin/sh
case $* in *--unset*) exit 137 ;; esac
exec git "$@"
`

t.test('git completes a clone that was killed', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo } = repository(folder)
    const one = run(repo, 'rev-parse', 'v1')
    const executable = path.join(folder, 'git')
    for (const [text, version] of [
      [KILLED_BEFORE, 'v1'],
      [KILLED_BEFORE, one],
      [KILLED_BEFORE, 'other'],
      [KILLED_AFTER, 'v1'],
    ] as const) {
      const label = `${text === KILLED_AFTER ? 'after' : 'before'} ${version}`
      const dest = path.join(folder, label)
      writeFileSync(executable, text, { mode: 0o755 })
      const first = converge(shell, git, { repo, dest, version, executable })
      t.match(first.applied, [{ exitCode: 137 }], label)
      const at = version === one ? one : `${version} (${one.slice(0, 10)})`
      converged(t, converge(shell, git, { repo, dest, version, update: false }), [
        `complete the interrupted clone of ${repo} to ${dest} at ${at}`,
      ])
      t.equal(readFileSync(path.join(dest, 'file'), 'utf8'), 'one', label)
    }
    const dest = path.join(folder, 'mine')
    converge(shell, git, { repo, dest, executable })
    writeFileSync(path.join(dest, 'file'), 'mine')
    t.match(converge(shell, git, { repo, dest }).before.problem, 'has local modifications (file)')
    t.equal(readFileSync(path.join(dest, 'file'), 'utf8'), 'mine')
  })
})

t.test('local modifications are an error, or discarded with force', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo } = repository(folder)
    const dest = path.join(folder, 'tree')
    converge(shell, git, { repo, dest })
    writeFileSync(path.join(dest, 'file'), 'mine')
    writeFileSync(path.join(dest, 'untracked'), 'mine')
    t.equal(
      converge(shell, git, { repo, dest }).before.problem,
      `${dest} has local modifications (file): commit or discard them, or set force: true`,
    )
    const forced = converge(shell, git, { repo, dest, force: true })
    t.match(descriptions(forced.before), [/discarding local modifications$/])
    t.same(forced.after.changes, [])
    t.equal(readFileSync(path.join(dest, 'file'), 'utf8'), 'two')
    t.ok(existsSync(path.join(dest, 'untracked')))
  })
})

t.test('the probe does not write the index, and fails if it is damaged', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo } = repository(folder)
    const dest = path.join(folder, 'tree')
    converge(shell, git, { repo, dest })
    const index = path.join(dest, '.git/index')
    // Another time of the same text: status would refresh the index.
    utimesSync(path.join(dest, 'file'), 1e9, 1e9)
    const before = readFileSync(index)
    t.same(converge(shell, git, { repo, dest }).before.changes, [])
    t.ok(readFileSync(index).equals(before))
    writeFileSync(index, 'damaged')
    t.match(converge(shell, git, { repo, dest, version: 'other' }).before.problem, `cannot read ${repo}: `)
  })
})

t.test('git sets another URL, and initializes submodules', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo } = repository(folder)
    const { repo: moved } = repository(folder, 'moved')
    const dest = path.join(folder, 'tree')
    converge(shell, git, { repo, dest, recursive: false })
    const other = converge(shell, git, { repo: moved, dest })
    t.equal(descriptions(other.before)[0], `set remote origin of ${dest} to ${moved} (was file://${repo})`)
    t.match(other.before.changeValues, { remote_url_changed: true })
    t.same(other.after.changes, [])

    run(moved, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', repo, 'sub')
    run(moved, 'commit', '-q', '-m', 'sub')
    process.env['GIT_ALLOW_PROTOCOL'] = 'file'
    converge(shell, git, { repo: moved, dest, recursive: false })
    t.notOk(existsSync(path.join(dest, 'sub/file')))
    const sub = converge(shell, git, { repo: moved, dest })
    delete process.env['GIT_ALLOW_PROTOCOL']
    converged(t, sub, [`initialize submodules of ${dest}: sub`])
    t.equal(readFileSync(path.join(dest, 'sub/file'), 'utf8'), 'two')
  })
})

t.test('git says what prevents it', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { repo } = repository(folder)
    mkdirSync(path.join(folder, 'full'))
    writeFileSync(path.join(folder, 'full/file'), '')
    const dest = path.join(folder, 'full')
    const problem = (params: object): string | undefined =>
      converge(shell, git, { repo, dest: path.join(folder, 'x'), ...params }).before.problem
    t.equal(problem({ dest }), `${dest} is not empty, and no working tree of Git`)
    t.equal(problem({ version: 'v9' }), `${repo} has no branch and no tag "v9"`)
    t.match(problem({ repo: `${folder}/none` }), /^cannot read .*none: /)
    const looked = converge(shell, git, { repo, dest: path.join(folder, 'x'), clone: false })
    t.match(looked.before, { changes: [], values: { before: null, after: run(repo, 'rev-parse', 'HEAD') } })
    t.match(problem({ executable: '/nosuch/git' }), 'no git on this host: install it first')
  })
})

t.test('options of ssh reach git', async (t) => {
  const folder = mkdtempSync('/tmp/labbook-git-')
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const { probe, schema } = git.definition
  const text = probe(
    schema.parse({ repo: 'git@example.org:a', dest: '/x', key_file: '/k y', accept_newhostkey: true }),
    {},
  )
  t.match(text, "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -i '\\''/k y'\\'' -o IdentitiesOnly=yes")
  for (const [params, message] of [
    [{ repo: '--upload-pack=x', dest: '/x' }, 'must be a URL or a path'],
    [{ repo: '/r', dest: '/x', version: '--force' }, 'must be a branch, a tag or a commit'],
    [
      { repo: '/r', dest: '/x', archive: '/y.tar' },
      '"archive" is not supported: run git archive in a command with creates',
    ],
    [{ repo: '/r', dest: '/x', umask: 22 }, "must be a text of octal digits, such as '022'"],
    [{ repo: '/r', dest: '/x', umask: 'u=rwx,g=,o=' }, 'must be three or four octal digits'],
  ] as const)
    t.match(schema.safeParse(params).error?.issues[0]?.message, message)
})
