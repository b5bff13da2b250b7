import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { z } from 'zod'
import { mount } from '../../../../src/modules/core/mount.ts'
import { parseMounts } from '../../../../src/modules/support/mount-facts.ts'
import { converge, runIn, shells, type Shell } from '../../../support/shells.ts'
import { converged, descriptions, inEachShell } from '../each-shell.ts'

/* Texts of fstab are compared with Ansible's in text-edits.test.ts. */

const MOUNTINFO = [
  '22 1 8:1 / / rw - ext4 /dev/sda1 rw',
  '23 22 0:20 / /srv/a\\040b rw shared:1 - tmpfs tmp rw',
  '24 22 8:1 /home/x /mnt/bind rw - ext4 /dev/sda1 rw',
]

const output = (path: string, { mounts = MOUNTINFO, fstab = '', words = ['root', 'directory', 'fstab'] } = {}) => ({
  stdout: [...words, ...mounts.map((line) => `mount ${line}`), `path ${path}`, 'content', fstab].join('\n'),
  stderr: '',
  exitCode: 0,
})

type Params = z.input<typeof mount.definition.schema>
const plan = (params: Params, observed: ReturnType<typeof output>) =>
  mount.definition.plan(mount.definition.schema.parse(params), observed, {}, {})

t.test('mount knows what is mounted, and from where', (t) => {
  const mounted = (path: string): unknown => {
    const facts = parseMounts(output(path))
    return typeof facts === 'string' ? facts : facts.mounted
  }
  t.same(mounted('/srv/a b'), ['tmp', '/'])
  t.same(mounted('/mnt/bind'), ['/dev/sda1', '/home/x'])
  t.equal(mounted('/srv'), undefined)
  t.end()
})

t.test('mount plans the changes of each state', (t) => {
  const data = { path: '/mnt/bind', src: '/home/x', fstype: 'none', opts: 'bind' }
  const line = '/home/x /mnt/bind none bind 0 0\n'
  const states = (state: Params['state'], observed: ReturnType<typeof output>): string[] =>
    descriptions(plan({ ...data, state }, observed))
  const notMounted = output('/mnt/bind', { mounts: [] })
  t.same(states('mounted', output('/mnt/bind', { fstab: line })), [])
  t.same(states('mounted', output('/mnt/bind')), ['set /mnt/bind in /etc/fstab', 'remount /mnt/bind (/dev/sda1)'])
  t.same(states('mounted', notMounted), ['set /mnt/bind in /etc/fstab', 'mount /mnt/bind'])
  t.same(states('present', notMounted), ['set /mnt/bind in /etc/fstab'])
  t.same(states('unmounted', output('/mnt/bind', { fstab: line })), ['unmount /mnt/bind'])
  t.same(states('unmounted', notMounted), [])
  t.same(states('absent', output('/mnt/bind', { fstab: line })), [
    'remove /mnt/bind in /etc/fstab',
    'unmount /mnt/bind',
    'remove directory /mnt/bind',
  ])
  t.same(states('absent', output('/mnt/bind')), [])
  t.same(states('absent_from_fstab', output('/mnt/bind', { fstab: line })), ['remove /mnt/bind in /etc/fstab'])
  t.same(states('ephemeral', notMounted), ['mount /home/x on /mnt/bind'])
  t.same(
    plan({ ...data, state: 'ephemeral' }, output('/mnt/bind')).changes.map(({ recurs }) => recurs),
    [true],
  )
  t.match(
    plan({ ...data, src: '/y', state: 'ephemeral' }, output('/mnt/bind')).problem,
    'already mounted from /dev/sda1',
  )
  t.match(plan({ ...data, state: 'remounted' }, notMounted).problem, 'is not mounted')
  t.match(plan({ ...data, state: 'present' }, output('/mnt/bind', { words: [] })).problem, 'only be mounted as root')
  const opts = (given: string): string | undefined =>
    plan({ ...data, opts: given, state: 'present', boot: false }, output('/mnt/bind')).values?.opts
  t.same([opts('bind'), opts('noauto,ro')], ['bind,noauto', 'noauto,ro'])
  t.end()
})

t.test('mount mounts, remounts and unmounts', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const [path, fstab] = [join(folder, 'a b/c'), join(folder, 'fstab')]
    const source = join(folder, 'source')
    mkdirSync(source)
    writeFileSync(join(source, 'file'), 'x')
    const data = { path, src: source, fstype: 'none', opts: 'bind', fstab }
    t.teardown(() => runIn(shells[0], `umount '${path}' 2>/dev/null`))
    try {
      converged(t, converge(shell, mount, { ...data, state: 'mounted' }), [`set ${path} in ${fstab}`, `mount ${path}`])
      t.equal(readFileSync(join(path, 'file'), 'utf8'), 'x')
      t.equal(readFileSync(fstab, 'utf8'), `${source} ${path.replace(' ', '\\040')} none bind 0 0\n`)
      const again = converge(shell, mount, { ...data, opts: 'bind,ro', state: 'mounted' })
      t.equal(again.after.changes.length, 0)
      converged(t, converge(shell, mount, { ...data, state: 'unmounted' }), [`unmount ${path}`])
      t.notOk(existsSync(join(path, 'file')))
      converged(t, converge(shell, mount, { ...data, state: 'absent' }), [
        `remove ${path} in ${fstab}`,
        `remove directory ${path}`,
      ])
      t.notOk(existsSync(path))
    } finally {
      runIn(shells[0], `umount '${path}' 2>/dev/null`)
    }
  })
})

/** A shell with other mounts, and these lines in /etc/fstab. */
const withFstab = (shell: Shell, folder: string, fstab: string): Shell => {
  writeFileSync(join(folder, 'fstab'), fstab)
  const setup = 'mount --bind "$1" /etc/fstab && mount -t tmpfs -o size=8m first "$2" && shift 2 && exec "$@"'
  const argv = ['unshare', '--mount', 'sh', '-c', setup, 'sh', join(folder, 'fstab'), join(folder, 'at')] as const
  return { name: shell.name, argv: [...argv, ...shell.argv] }
}

t.test('an ephemeral mount is mounted again without options of fstab', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const at = join(folder, 'at')
    mkdirSync(at)
    const inMounts = withFstab(shell, folder, `first ${at} tmpfs ro 0 0\n`)
    const after = (opts: string, before: string) => {
      const params = mount.definition.schema.parse({
        ...{ path: at, src: 'first', fstype: 'tmpfs', state: 'ephemeral', opts },
      })
      const probe = runIn(inMounts, mount.definition.probe(params, {}))
      const { changes } = mount.definition.plan(params, probe, {}, {})
      const { exitCode, stdout } = runIn(
        inMounts,
        `${before}\n${changes[0]?.script}\ngrep ' ${at} ' /proc/mounts; ls ${at}`,
      )
      t.equal(exitCode, 0, opts)
      return stdout
    }
    const kept = after('size=4m', `: >${at}/file`)
    t.match(kept, /^first .* tmpfs rw,.*size=4096k.*\nfile\n$/, 'writable, with the file')
    // A file system cannot become smaller than its content: it is unmounted, and mounted.
    const fresh = after('size=1m', `head -c 3000000 /dev/zero >${at}/file`)
    t.match(fresh, /^first .* tmpfs rw,.*size=1024k.*\n$/, 'a new one')
  })
})

t.test('fstab keeps its mode, and no record has the text of a private one', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const fstab = join(folder, 'fstab')
    const params = { path: join(folder, 'a'), src: '//server/a', fstype: 'cifs', opts: 'password=secret', fstab }
    for (const [mode, isPrivate] of [
      [0o600, true],
      [0o640, true],
      [0o664, false],
    ] as const) {
      writeFileSync(fstab, '# secret\n')
      chmodSync(fstab, mode)
      const { before, applied, after } = converge(shell, mount, { ...params, state: 'present' })
      t.match(applied, [{ exitCode: 0 }])
      t.same([after.changes, statSync(fstab).mode & 0o7777], [[], mode])
      t.equal(before.confidential, isPrivate)
      t.equal(JSON.stringify(before.changes[0]?.diff).includes('secret'), !isPrivate)
    }
    t.equal(mount.definition.printsFiles, true)
  })
})

t.test('fstab is as before if mounting fails', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const [path, fstab] = [join(folder, 'empty/new/dir'), join(folder, 'fstab')]
    writeFileSync(fstab, '# mine')
    mkdirSync(join(folder, 'empty'))
    const run = converge(shell, mount, { path, src: '/nosuch', fstype: 'none', opts: 'bind', fstab, state: 'mounted' })
    t.not(run.applied[1]?.exitCode, 0)
    t.equal(readFileSync(fstab, 'utf8'), '# mine')
    t.notOk(existsSync(join(folder, 'empty/new')))
    t.ok(existsSync(join(folder, 'empty')), 'an empty directory that was there stays')
  })
})

t.test('mount refuses parameters that are left out or missing', (t) => {
  const why = (given: object): string | undefined => mount.definition.schema.safeParse(given).error?.issues[0]?.message
  t.match(why({ path: '/a', state: 'present' }), 'requires src and fstype')
  t.match(why({ path: '/a', state: 'absent', backup: true }), '"backup" is not supported')
  t.match(why({ path: 'none', state: 'mounted', src: '/a', fstype: 'swap' }), 'none is not mounted')
  t.end()
})
