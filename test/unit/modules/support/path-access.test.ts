import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { copy } from '../../../../src/modules/core/copy.ts'
import { file } from '../../../../src/modules/core/file.ts'
import { lineinfile } from '../../../../src/modules/core/lineinfile.ts'
import { sysctl } from '../../../../src/modules/core/sysctl.ts'
import { template } from '../../../../src/modules/core/template.ts'
import { converge, shells, type Shell } from '../../../support/shells.ts'

/** busybox ash says that root can write anywhere. */
const asking = shells.filter(({ name }) => name !== 'busybox ash')

/** A shell in which other commands ran first; or as another user. */
const within = (shell: Shell, ...argv: readonly string[]): Shell =>
  ({ name: shell.name, argv: [...argv, ...shell.argv] }) as unknown as Shell
const inMounts = (shell: Shell, mounts: string): Shell =>
  within(shell, 'unshare', '--mount', 'sh', '-c', `${mounts} && exec "$@"`, 'sh')
const asUser = (shell: Shell): Shell => within(shell, 'setpriv', '--reuid=4242', '--regid=4242', '--clear-groups')

for (const shell of asking) {
  const folder = mkdtempSync(join(tmpdir(), 'labbook-access-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const there = join(folder, 'there')
  const open = join(folder, 'open')
  writeFileSync(there, 'a\n')
  chmodSync(folder, 0o755)
  mkdirSync(open)
  writeFileSync(join(open, 'root'), 'a\n')
  chownSync(open, 4242, 4242)
  const inputs = { src: Buffer.from('x') }

  t.test(`${shell.name}: a plan knows a read-only file system`, async (t) => {
    const readOnly = inMounts(shell, `mount --bind ${folder} ${folder} && mount -o remount,bind,ro ${folder}`)
    const directory = `cannot write to directory ${folder}: it is immutable, or on a read-only file system`
    const path = `cannot change ${there}: it is immutable, or on a read-only file system`
    const absent = join(folder, 'new')
    for (const [what, { before }, problem] of [
      ['a new file', converge(readOnly, copy, { content: 'x', dest: absent }), directory],
      ['an update', converge(readOnly, copy, { content: 'x', dest: there }), directory],
      ['a mode', converge(readOnly, copy, { content: 'a\n', dest: there, mode: '0600' }), path],
      ['no change', converge(readOnly, copy, { content: 'a\n', dest: there }), undefined],
      ['a template', converge(readOnly, template, { src: 'a.j2', dest: there }, { inputs }), directory],
      ['a line', converge(readOnly, lineinfile, { path: there, line: 'x' }), directory],
      ['a line that is there', converge(readOnly, lineinfile, { path: there, line: 'a' }), undefined],
      [
        'a parameter',
        converge(readOnly, sysctl, { name: 'a.b', value: 1, sysctl_file: there, reload: false }),
        directory,
      ],
      ['touch', converge(readOnly, file, { path: absent, state: 'touch' }), directory],
      ['absent', converge(readOnly, file, { path: there, state: 'absent' }), directory],
      ['nothing to remove', converge(readOnly, file, { path: absent, state: 'absent' }), undefined],
      ['attributes', converge(readOnly, file, { path: there, mode: '0600' }), path],
      ['a directory', converge(readOnly, file, { path: absent, state: 'directory' }), directory],
      [
        'a setting of the kernel',
        converge(shell, lineinfile, { path: '/proc/sys/kernel/domainname', line: 'x' }),
        '/proc/sys/kernel/domainname is a setting of the kernel, not a file: write it with a command',
      ],
      ['a link', converge(readOnly, file, { path: absent, state: 'link', src: there }), directory],
    ] as const)
      t.equal(before.problem, problem, what)
  })

  t.test(`${shell.name}: a plan knows a mount point, and its content is not removed`, async (t) => {
    const at = join(folder, 'd')
    mkdirSync(join(at, 'm'), { recursive: true })
    mkdirSync(join(folder, 'precious'), { recursive: true })
    writeFileSync(join(folder, 'precious/data'), 'x')
    const mounted = inMounts(shell, `mount --bind ${folder}/precious ${at}/m`)
    for (const path of [at, join(at, 'm')]) {
      const run = converge(mounted, file, { path, state: 'absent' })
      t.equal(run.before.problem, `${path} is a mount point, or contains one: unmount it first`)
    }
    t.equal(readFileSync(join(folder, 'precious/data'), 'utf8'), 'x')
    t.equal(converge(mounted, file, { path: there, state: 'absent' }).before.problem, undefined)
    writeFileSync(there, 'a\n')
  })

  t.test(`${shell.name}: a plan knows what an ordinary user cannot change`, async (t) => {
    const user = asUser(shell)
    const absent = join(folder, 'new')
    const directory = `no permission to write to directory ${folder}: set become`
    const root = join(open, 'root')
    for (const [what, { before }, problem] of [
      ['a new file', converge(user, copy, { content: 'x', dest: absent }), directory],
      ['an update', converge(user, lineinfile, { path: there, line: 'x' }), directory],
      ['absent', converge(user, file, { path: there, state: 'absent' }), directory],
      [
        'an owner',
        converge(user, file, { path: root, owner: 'games' }),
        `only root can change the owner of ${root}: set become`,
      ],
      [
        'a mode',
        converge(user, file, { path: root, mode: '0600' }),
        `only root and its owner root can change the attributes of ${root}: set become`,
      ],
      ['a file in an own directory', converge(user, copy, { content: 'x', dest: join(open, 'new') }), undefined],
      ['its mode', converge(user, file, { path: join(open, 'new'), mode: '0600' }), undefined],
    ] as const)
      t.equal(before.problem, problem, what)
    t.equal(readFileSync(join(open, 'new'), 'utf8'), 'x')
  })
}

t.test('busybox ash does not know, and a change fails', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'labbook-access-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const [, , ash] = shells
  const readOnly = inMounts(ash, `mount --bind ${folder} ${folder} && mount -o remount,bind,ro ${folder}`)
  const { before, applied } = converge(readOnly, copy, { content: 'x', dest: join(folder, 'new') })
  t.equal(before.problem, undefined)
  t.match(applied, [{ exitCode: 1, stderr: /Read-only file system/ }])
})
