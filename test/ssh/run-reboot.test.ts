import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { reboot, type RebootValues } from '../../src/modules/core/reboot.ts'
import type { Task } from '../../src/modules/task.ts'
import { play } from '../../src/playbook/play.ts'
import { register } from '../../src/values/reference.ts'
import { sh } from '../../src/shell/quote.ts'
import { line, connectTo, runSteps, script, type PlayRun } from '../support/play-run.ts'
import { startMachine, type Machine } from '../support/rebooting.ts'

async function machine(t: Test): Promise<Machine> {
  const made = await startMachine()
  t.teardown(() => made.stop())
  return made
}

const run = ({ sshd }: Machine, tasks: Task[], handlers: Record<string, Task> = {}, setting = {}): Promise<PlayRun> =>
  runSteps([play('p', { hosts: 'a' }, () => tasks, handlers)], { connect: connectTo(sshd), ...setting })

t.test('reboot waits for the host, and the play continues', async (t) => {
  const host = await machine(t)
  const before = host.bootId()
  const tests = join(host.folder, 'tests')
  const done = register<RebootValues>('done')
  const ran = await run(host, [
    line('first', { path: join(host.folder, 'x'), is: '1' }),
    reboot('reboot it', {
      msg: "it's time",
      test_command: sh`echo x >>${tests}; [ "$(wc -l <${tests})" -ge 3 ]`,
      register: done,
    }),
    line('after', { path: join(host.folder, 'y'), is: done.map(({ boot_id, rebooted }) => `${rebooted} ${boot_id}`) }),
  ])
  t.same(ran.story, ['a first: changed', 'a reboot it: changed', 'a after: changed'])
  t.not(host.bootId(), before)
  t.equal(readFileSync(join(host.folder, 'y'), 'utf8'), `true ${host.bootId()}`)
  t.same(host.shutdowns(), ["-r now it's time"], 'the host reboots once')
  t.same(
    ran.events.filter(({ type }) => type === 'notice'),
    [],
    'the lost connection causes no warning',
  )
})

t.test('reboot succeeds if the host disconnects before it answers', async (t) => {
  const host = await machine(t)
  const before = host.bootId()
  host.setFailure('sudden')
  const ran = await run(host, [reboot('reboot it', {}), script('after', { text: ':' })])
  t.same(ran.story, ['a reboot it: changed', 'a after: changed'])
  t.not(host.bootId(), before)
  t.equal(host.shutdowns().length, 1)
})

t.test('an unchanged boot id is no reboot', async (t) => {
  const host = await machine(t)
  host.setFailure('stuck')
  host.setFailure('sudden')
  // Long enough for the host to start.
  const ran = await run(host, [reboot('reboot it', { reboot_timeout: 8 }), script('after', { text: ':' })])
  t.same(ran.story, ['a reboot it: failed'])
  t.equal(
    ran.results[0]?.message,
    `not connected after 8 s: its boot id is unchanged (${host.bootId()}): it has not rebooted`,
  )
  t.equal(ran.exitCode, 2)
})

t.test('a host that does not reconnect fails the reboot', async (t) => {
  const host = await machine(t)
  host.setFailure('dead')
  // So the host is down at the first probe.
  host.setFailure('sudden')
  const ran = await run(host, [reboot('reboot it', { reboot_timeout: 2 })])
  t.same(ran.story, ['a reboot it: failed'])
  t.match(ran.results[0]?.message, /^not connected after 2 s: a: connection refused by/)
})

t.test('a host that refuses to reboot fails the task', async (t) => {
  const host = await machine(t)
  const before = host.bootId()
  host.setFailure('deaf')
  const ran = await run(host, [reboot('reboot it', {})])
  t.same(
    ran.results.map(({ status, message }) => [status, message]),
    [['failed', 'shutdown: refused by a test']],
  )
  t.equal(host.bootId(), before)
})

t.test('a host whose test command fails is not ready', async (t) => {
  const host = await machine(t)
  const ran = await run(host, [reboot('reboot it', { reboot_timeout: 8, test_command: 'echo not yet >&2; false' })])
  t.equal(
    ran.results[0]?.message,
    'not connected after 8 s: it has rebooted, but echo not yet >&2; false fails: not yet',
  )
})

t.test('check mode predicts a reboot, and following tasks are unknown', async (t) => {
  const host = await machine(t)
  const ran = await run(
    host,
    [reboot('reboot it', {}), line('after', { path: join(host.folder, 'x'), is: '1' })],
    {},
    { check: true },
  )
  t.same(ran.story, ['a reboot it: changed', 'a after: unknown'])
  t.same(host.shutdowns(), [])
})

t.test('a reboot handler runs once and leaves no pending-handler marker', async (t) => {
  const host = await machine(t)
  const tasks = (): Task[] => [line('kernel', { path: join(host.folder, 'x'), is: '1', notify: 'reboot' })]
  t.same((await run(host, tasks(), { reboot: reboot({}) })).story, ['a kernel: changed', 'a reboot: changed'])
  t.same((await run(host, tasks(), { reboot: reboot({}) })).story, ['a kernel: ok'])
  t.equal(host.shutdowns().length, 1)
})
