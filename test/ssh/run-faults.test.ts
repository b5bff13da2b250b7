import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { apt, copy, file, lineinfile, play, register, shell } from '../../src/labbook.ts'
import type { CommandValues } from '../../src/modules/support/run-command.ts'
import type { Task } from '../../src/modules/task.ts'
import { sh } from '../../src/shell/quote.ts'
import { connectTo, runSteps, type PlayRun } from '../support/play-run.ts'
import { processes, until } from '../support/processes.ts'
import { startThrowaway } from '../support/throwaway.ts'

const shared = mkdtempSync(join(tmpdir(), 'labbook-faults-'))
/** Empty packages, removed after the test. */
for (const name of ['one', 'other']) {
  mkdirSync(join(shared, name, 'DEBIAN'), { recursive: true })
  writeFileSync(
    join(shared, name, 'DEBIAN/control'),
    `Package: labbook-${name}\nVersion: 1\nArchitecture: all\nMaintainer: a test <test@example.org>\nDescription: nothing\n`,
  )
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', join(shared, name), join(shared, `${name}.deb`)], {
    stdio: 'ignore',
  })
}
const OLD = 'old content\n'.repeat(1000)
writeFileSync(join(shared, 'old'), OLD)

const host = await startThrowaway(`
mkdir $root/small $root/sealed $root/lbwork
mount -t tmpfs -o size=64k none $root/small
mount -t tmpfs none $root/sealed
for each in small sealed; do cp ${shared}/old $root/$each/file; done
mount -o remount,ro $root/sealed
chroot $root dpkg -i ${shared}/one.deb ${shared}/other.deb >/dev/null 2>&1
umask 077
`)
t.teardown(async () => {
  await host.stop()
  rmSync(shared, { recursive: true })
})

const run = (tasks: () => Task[]): Promise<PlayRun> =>
  runSteps([play('p', { hosts: 'a' }, tasks)], { connect: connectTo(host.sshd) })
const outcome = ({ results }: PlayRun) => results.map(({ status, message }) => [status, message])

t.test('a locked package manager fails the task', async (t) => {
  const [held, go] = [join(shared, 'held'), join(shared, 'go')]
  const isInstalled = (): boolean =>
    /Package: labbook-one\nStatus: install ok/.test(readFileSync(host.at('/var/lib/dpkg/status'), 'utf8'))
  const remove = (lock_timeout: number): Task =>
    apt('remove it', { name: 'labbook-one', state: 'absent', lock_timeout })
  const hook = `: >${held}; until [ -e ${go} ] || [ ! -e ${held} ]; do sleep 0.1; done`
  const holder = run(() => [
    shell('the other one', { cmd: sh`apt-get -y -o ${`DPkg::Pre-Invoke::=${hook}`} remove labbook-other` }),
  ])
  await until('it holds the lock', () => existsSync(held))

  const refused = await run(() => [remove(0)])
  t.match(outcome(refused), [['failed', /Unable to acquire the dpkg frontend lock .*is another process using it/]])
  t.match(refused.results[0]?.stderr, /held by process \d+ \(apt-get\)/, 'the message names the holder of the lock')
  t.ok(isInstalled(), 'no package is installed')

  const patient = run(() => [remove(300)])
  await until('it has tried', () => processes().some(({ commandLine }) => commandLine === 'sleep 2') || !isInstalled())
  // Long enough for a second attempt.
  await wait(2500)
  writeFileSync(go, '')
  t.same(outcome(await holder), [['changed', undefined]])
  t.same(outcome(await patient), [['changed', undefined]])
  t.notOk(isInstalled())
})

t.test('a full disk fails with a clear message, keeps the old file and leaves no temporary file', async (t) => {
  const big = 'x'.repeat(500_000)
  const tasks: Task[] = [
    copy('copy', { dest: '/small/file', content: big, ignore_errors: true }),
    copy('copy with backup', { dest: '/small/file', content: big, backup: true, ignore_errors: true }),
    copy('a new file', { dest: '/small/new', content: big, ignore_errors: true }),
    lineinfile('line', { path: '/small/file', line: 'y'.repeat(100_000), ignore_errors: true }),
  ]
  const ran = await run(() => tasks)
  t.match(
    outcome(ran),
    tasks.map(() => ['failed', /No space left on device/]),
  )
  t.same(readdirSync(host.at('/small')), ['file'])
  t.equal(readFileSync(host.at('/small/file'), 'utf8'), OLD)
})

t.test('a read-only file system fails with a clear message and keeps the old file', async (t) => {
  const tasks: Task[] = [
    copy('copy', { dest: '/sealed/file', content: 'new', ignore_errors: true }),
    lineinfile('line', { path: '/sealed/file', line: 'new', ignore_errors: true }),
    file('folder', { path: '/sealed/folder', state: 'directory', ignore_errors: true }),
    file('remove', { path: '/sealed/file', state: 'absent', ignore_errors: true }),
    file('mode', { path: '/sealed/file', mode: '0600', ignore_errors: true }),
  ]
  const ran = await run(() => tasks)
  t.match(
    outcome(ran),
    tasks.map(() => ['failed', /read-only file system/i]),
  )
  t.same(readdirSync(host.at('/sealed')), ['file'])
  t.equal(readFileSync(host.at('/sealed/file'), 'utf8'), OLD)
})

t.test('umask 077 affects neither explicit nor default file modes', async (t) => {
  const mode = (path: string): string => (statSync(host.at(path)).mode & 0o7777).toString(8)
  const said = register<CommandValues>('umask')
  const ran = await run(() => [
    copy({ dest: '/lbwork/asked', content: 'x', mode: '0664' }),
    copy({ dest: '/lbwork/plain', content: 'x' }),
    lineinfile({ path: '/lbwork/line', line: 'x', create: true }),
    file({ path: '/lbwork/folder', state: 'directory' }),
    file({ path: '/lbwork/open', state: 'directory', mode: '1777' }),
    file({ path: '/lbwork/touched', state: 'touch' }),
    shell({ cmd: 'umask', register: said }),
    copy({ dest: '/lbwork/umask', content: said.map(({ stdout }) => stdout) }),
  ])
  t.equal(ran.exitCode, 0)
  t.same(
    ['asked', 'plain', 'line', 'folder', 'open', 'touched'].map((name) => mode(`/lbwork/${name}`)),
    ['664', '644', '644', '755', '1777', '644'],
  )
  t.equal(readFileSync(host.at('/lbwork/umask'), 'utf8'), '0022')
})

t.test('file contents may be invalid UTF-8', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 7) % 256))
  const latin1 = Buffer.from('na\u00efve=1\n', 'latin1')
  writeFileSync(join(shared, 'bytes'), bytes)
  writeFileSync(host.at('/lbwork/latin1'), latin1)
  const put = (): Task => copy('copy', { src: join(shared, 'bytes'), dest: '/lbwork/bytes' })
  t.same(outcome(await run(() => [put()])), [['changed', undefined]])
  t.ok(readFileSync(host.at('/lbwork/bytes')).equals(bytes), 'byte for byte')
  t.same(outcome(await run(() => [put()])), [['ok', undefined]])
  writeFileSync(host.at('/lbwork/bytes'), Buffer.from(bytes).reverse())
  t.same(
    outcome(await run(() => [put()])),
    [['changed', undefined]],
    'a file of the same size with other bytes is replaced',
  )
  t.ok(readFileSync(host.at('/lbwork/bytes')).equals(bytes))
  t.match(outcome(await run(() => [lineinfile('line', { path: '/lbwork/latin1', regexp: '^na', line: 'naive=2' })])), [
    ['failed', /\/lbwork\/latin1 is not UTF-8 text/],
  ])
  t.ok(readFileSync(host.at('/lbwork/latin1')).equals(latin1), 'a file that cannot be read is not written')
})
