import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { file } from '../../../../src/modules/core/file.ts'
import { converge } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'

const permissions = (path: string): number => statSync(path).mode & 0o7777

t.test('file with state directory creates parents with the same attributes', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'a/b c/d')
    converged(t, converge(shell, file, { path, state: 'directory', mode: '2750', owner: 4321 }), [
      `create directory ${path} (2750, 4321)`,
    ])
    t.equal(permissions(path), 0o2750)
    t.equal(permissions(join(folder, 'a')), 0o2750)
    t.equal(statSync(join(folder, 'a/b c')).uid, 4321)
    t.equal(permissions(folder), 0o700, 'the existing parent is unchanged')
  })
})

t.test('file changes attributes of an existing path', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'a')
    writeFileSync(path, 'x', { mode: 0o600 })
    converged(t, converge(shell, file, { path, mode: '0644' }), [`change mode of ${path} to 0644 (was 0600)`])
    converged(t, converge(shell, file, { path, group: 'daemon' }), [
      `change owner of ${path} to root:daemon (was root:root)`,
    ])
    t.equal(permissions(path), 0o644)
  })
})

t.test('file with recurse sets attributes below a directory', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'd')
    mkdirSync(join(path, 'e'), { recursive: true })
    writeFileSync(join(path, 'e/--f\nx'), '')
    symlinkSync('/etc/passwd', join(path, 'e/l'))
    const passwd = permissions('/etc/passwd')
    converged(t, converge(shell, file, { path, recurse: true, owner: 4321, mode: '0750' }), [
      `set attributes recursively in ${path} (0750, 4321)`,
    ])
    t.equal(statSync(join(path, 'e/--f\nx')).uid, 4321)
    t.equal(permissions(join(path, 'e/--f\nx')), 0o750)
    t.equal(lstatSync(join(path, 'e/l')).uid, 4321)
    t.match(statSync('/etc/passwd'), { uid: 0 })
    t.equal(permissions('/etc/passwd'), passwd)
  })
})

t.test('file with recurse keeps the setuid bit of files that have the owner', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'd')
    mkdirSync(path)
    writeFileSync(join(path, 'tool'), '')
    chmodSync(join(path, 'tool'), 0o4755)
    converged(t, converge(shell, file, { path, recurse: true, owner: 'root', mode: 'g+w' }), [
      `set attributes recursively in ${path} (0775, root)`,
    ])
    t.equal(permissions(join(path, 'tool')), 0o4775)
    writeFileSync(join(path, 'other'), '')
    converged(t, converge(shell, file, { path, recurse: true, group: 'daemon' }), [
      `set attributes recursively in ${path} (:daemon)`,
    ])
    converged(t, converge(shell, file, { path: join(path, 'other'), owner: 4321 }), [
      `change owner of ${path}/other to 4321:daemon (was root:daemon)`,
    ])
    chmodSync(join(path, 'tool'), 0o4755)
    converged(t, converge(shell, file, { path, recurse: true, group: 'daemon', owner: 'root' }), [
      `set attributes recursively in ${path} (root:daemon)`,
    ])
    t.equal(permissions(join(path, 'tool')), 0o4755, 'only the other file gets another owner')
  })
})

t.test('a symbolic mode with another owner needs one run', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'd')
    mkdirSync(path)
    const [tool, script] = [join(path, 'tool'), join(path, 'script')]
    for (const file of [tool, script]) writeFileSync(file, '')
    const reset = (): void => {
      chmodSync(tool, 0o4755)
      chmodSync(script, 0o2744)
    }
    reset()
    converged(t, converge(shell, file, { path: tool, group: 'daemon', mode: 'g+s' }), [
      `change owner of ${tool} to root:daemon (was root:root)`,
      `change mode of ${tool} to 2755 (was 4755)`,
    ])
    t.equal(permissions(tool), 0o2755, 'chown clears the setuid bit first, as in Ansible')
    converged(t, converge(shell, file, { path: script, owner: '4321', mode: 'u+w' }), [
      `change owner of ${script} to 4321:root (was root:root)`,
    ])
    t.equal(permissions(script), 0o2744, 'without x, the setgid bit stays')
    reset()
    converged(t, converge(shell, file, { path, recurse: true, owner: '4322', mode: 'u+s,g+w' }), [
      `set attributes recursively in ${path} (4775, 4322)`,
    ])
    t.same([permissions(tool), permissions(script)], [0o4775, 0o6764])
  })
})

t.test('file with recurse follows a link to the directory', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'l')
    mkdirSync(join(folder, 'd'), { mode: 0o755 })
    writeFileSync(join(folder, 'd/f'), '', { mode: 0o644 })
    symlinkSync('d', path)
    for (const mode of ['0711', 'u=rwX,g=rX,o='])
      converged(t, converge(shell, file, { path, recurse: true, owner: mode === '0711' ? '4321' : '4322', mode }), [
        `set attributes recursively in ${path} (${mode === '0711' ? '0711, 4321' : '0750, 4322'})`,
      ])
    t.same([lstatSync(path).uid, statSync(path).uid, statSync(join(path, 'f')).uid], [0, 4322, 4322])
    t.same([permissions(path), permissions(join(path, 'f'))], [0o750, 0o750])
  })
})

t.test('file with state absent removes files, directories and links', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'd/e'), { recursive: true })
    writeFileSync(join(folder, '-f'), '')
    symlinkSync('d', join(folder, 'l'))
    converged(t, converge(shell, file, { path: join(folder, 'l'), state: 'absent' }), [`remove link ${folder}/l`])
    t.ok(existsSync(join(folder, 'd/e')))
    converged(t, converge(shell, file, { path: join(folder, 'd'), state: 'absent' }), [
      `remove ${folder}/d and its contents`,
    ])
    converged(t, converge(shell, file, { path: join(folder, '-f'), state: 'absent' }), [`remove ${folder}/-f`])
    converged(t, converge(shell, file, { path: join(folder, 'gone'), state: 'absent' }), [])
  })
})

t.test('file creates and changes links', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'l')
    writeFileSync(join(folder, "a'b\n"), '')
    mkdirSync(join(folder, 'd'))
    converged(t, converge(shell, file, { path, state: 'link', src: "a'b\n" }), [`create link ${path} to a'b\n`])
    converged(t, converge(shell, file, { path, state: 'link', src: 'd' }), [`change link ${path} to d (was a'b\n)`])
    converged(t, converge(shell, file, { path, state: 'link', src: '/no/such', force: true }), [
      `change link ${path} to /no/such (was d)`,
    ])
    t.equal(readlinkSync(path), '/no/such')
    writeFileSync(join(folder, 'f'), '')
    converged(t, converge(shell, file, { path: join(folder, 'f'), state: 'link', src: 'd', force: true }), [
      `replace file by link ${folder}/f to d`,
    ])
  })
})

t.test('the owner of a link is not that of its target', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    writeFileSync(join(folder, 'f'), '', { mode: 0o644 })
    const path = join(folder, 'l')
    converged(t, converge(shell, file, { path, state: 'link', src: 'f', owner: 4321 }), [`create link ${path} to f`])
    converged(t, converge(shell, file, { path, state: 'link', src: 'f', owner: 1234 }), [
      `change owner of ${path} to 1234:root (was UNKNOWN:root)`,
    ])
    t.equal(lstatSync(path).uid, 1234)
    t.match(statSync(path), { uid: 0, mode: 0o100644 })
  })
})

t.test('file with state touch creates an empty file and keeps an existing one', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'a')
    converged(t, converge(shell, file, { path, state: 'touch', mode: '0600' }), [`create ${path} (0600)`])
    writeFileSync(path, 'kept')
    chmodSync(path, 0o640)
    converged(t, converge(shell, file, { path, state: 'touch', modification_time: 'preserve' }), [])
    t.equal(readFileSync(path, 'utf8'), 'kept')
  })
})

t.test('a link to a directory is a directory, unless it is not followed', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'd'), { mode: 0o755 })
    const path = join(folder, 'l')
    symlinkSync('d', path)
    converged(t, converge(shell, file, { path, state: 'directory', mode: '0700' }), [
      `change mode of ${path} to 0700 (was 0755)`,
    ])
    t.equal(permissions(join(folder, 'd')), 0o700)
    t.match(converge(shell, file, { path, state: 'directory', follow: false }).before.problem, 'is not a directory')
  })
})

t.test('file reports what prevents the state', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const path = join(folder, 'f')
    writeFileSync(path, '')
    const problem = (params: object): string | undefined => converge(shell, file, { path, ...params }).before.problem
    t.match(problem({ state: 'directory' }), 'exists and is not a directory')
    t.match(problem({ state: 'link', src: '/etc' }), 'set force: true to replace it')
    t.match(problem({ state: 'link', src: 'none', path: join(folder, 'l') }), 'none does not exist')
    t.match(problem({ state: 'link', src: '/etc', path: folder }), 'cannot be replaced by a link')
    t.match(problem({ state: 'file', path: folder }), 'is a directory, not a file')
    symlinkSync('nowhere', join(folder, 'dangling'))
    symlinkSync('f', join(folder, 'link'))
    for (const more of [{ state: 'file' }, { owner: '1' }, { mode: '0600' }])
      t.match(problem({ ...more, path: join(folder, 'dangling') }), 'dangling is a dangling link to nowhere')
    t.match(problem({ state: 'file', path: join(folder, 'link'), follow: false }), 'link is a link, not a file')
    for (const state of ['absent', 'file', 'touch'] as const)
      t.match(problem({ state, path: `${path}/` }), 'f/ is no directory: write it without a slash at the end')
    t.match(problem({ path: `${folder}/link/`, follow: false, owner: '1' }), 'link/ is a link: write it without')
    t.match(problem({ state: 'touch', path: join(folder, 'dangling') }), 'dangling is a dangling link to nowhere')
    symlinkSync('.', join(folder, 'here'))
    for (const force of [true, false])
      t.match(
        problem({ state: 'hard', src: path, path: join(folder, 'here'), force }),
        'here is a directory and cannot',
      )
    t.match(problem({ path: join(folder, 'gone') }), 'does not exist')
    t.match(problem({ state: 'touch', path: join(folder, 'no/a') }), `directory ${folder}/no does not exist`)
    t.equal(problem({ owner: 'no.body' }), 'user "no.body" does not exist on this host')
  })
})

t.test('file rejects contradictory parameters', async (t) => {
  const why = (params: object): string =>
    file.definition.schema
      .safeParse(params)
      .error?.issues.map(({ message }) => message)
      .join() ?? ''
  t.match(why({ path: `/${'é'.repeat(128)}/a` }), 'has a name of more than 255 bytes')
  t.match(why({ path: '/a/..', state: 'absent' }), 'refusing to remove /')
  t.match(why({ path: '/a', state: 'link' }), "src and state: 'link' or 'hard' require each other")
  t.match(why({ path: '/a', state: 'touch', recurse: true }), 'recurse requires')
  t.match(why({ path: '/a', state: 'link', src: '/b', mode: '0600' }), 'a link has no separate mode')
})
