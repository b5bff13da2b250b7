import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Unreachable } from '../../src/connection/connection.ts'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { addAccount } from '../support/accounts.ts'
import { endProcess, processes, until } from '../support/processes.ts'
import { startProxy } from '../support/proxy.ts'
import { freePort, startSshd } from '../support/sshd.ts'

const sshd = await startSshd()
const account = addAccount({ sudo: 'freely', shell: '/bin/bash' })
t.teardown(() => sshd.stop().finally(() => account.remove()))

const limit = { timeLimitSeconds: 30 }
/** Detects a lost connection in 6 s, and tolerates an sshd that does not run for 5 s on a busy machine. */
const ALIVE = '-o ServerAliveInterval=1 -o ServerAliveCountMax=5'

/** A connection over a network that can fail. */
async function open(t: Test, more: Record<string, unknown> = {}) {
  const proxy = await startProxy(sshd.port)
  const vars = { ansible_port: proxy.port, ansible_user: account.name, ansible_host_key_checking: false, ...more }
  const connection = openConnection(connectionSettings('node1', sshd.vars(vars)))
  t.teardown(async () => {
    await connection.close()
    proxy.stop()
  })
  return { proxy, connection }
}

/** A command with a unique argument, killed at the end of the tests. */
const nap = (number: number): string => `sleep 1001.${process.pid}${number}`
const napping = (number: number): number[] =>
  processes()
    .filter(({ commandLine }) => commandLine === nap(number))
    .map(({ pid }) => pid)
const endNaps = (number: number): void =>
  napping(number).forEach((pid) => {
    endProcess(pid)
  })
t.teardown(() => [125, 25, 375, 5].forEach(endNaps))

const fails = (exchange: Promise<unknown>): Promise<Unreachable> =>
  exchange.then(
    () => {
      throw new Error('it went well')
    },
    (error: unknown) => error as Unreachable,
  )

let files = 0
/** Files that synchronise a script with its test. */
function paths() {
  files++
  const [log, go] = ['log', 'go'].map((name) => join(account.home, `${name}${files}`)) as [string, string]
  const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])
  const script = `echo begun >>${log}; chmod 666 ${log}; while [ ! -e ${go} ]; do sleep 0.1; done; echo ended >>${log}`
  return { log, go, script, lines, release: () => writeFileSync(go, '') }
}

/** Neither the host nor a keepalive detects the lost connection. Takes 20 s, so it runs beside the other tests. */
const forsaken = (async () => {
  const proxy = await startProxy(sshd.port)
  const vars = sshd.vars({
    ansible_port: proxy.port,
    ansible_user: account.name,
    ansible_host_key_checking: false,
    ansible_ssh_args: '-o ServerAliveInterval=0',
  })
  const connection = openConnection(connectionSettings('node1', vars))
  t.teardown(() => proxy.stop())
  await connection.exec('true', limit)
  proxy.freeze()
  const error = await fails(connection.exec('true', { timeLimitSeconds: 1 }))
  const again = await connection.exec('echo again', limit)
  await connection.close()
  return { error, again: again.stdout.toString() }
})()
forsaken.catch(() => undefined)

t.test('a dead link is detected while a script runs', async (t) => {
  const { proxy, connection } = await open(t, { ansible_ssh_args: ALIVE })
  // The shell's first output may still be on its way when the link dies; then the connection was lost before.
  await connection.exec('true', limit)
  const running = connection.exec(`exec ${nap(125)}`, limit)
  running.catch(() => undefined)
  await until('it runs', () => napping(125).length > 0)
  proxy.freeze()
  const error = await fails(running)
  t.equal(
    error.message,
    'node1: the connection was lost while a script ran (127.0.0.1 has not answered for 6 s: the host ' +
      'or the network is down); how far it got is unknown',
  )
  t.match(error, { name: 'Unreachable', lost: true, began: true })
  endNaps(125)
  t.equal((await connection.exec('echo again', limit)).stdout.toString(), 'again\n')
  t.equal(proxy.connections(), 2)
})

t.test('a link lost between two exec() calls is transparent', async (t) => {
  const { proxy, connection } = await open(t)
  await connection.exec('true', limit)
  await proxy.cut()
  // This process learns of it in one of the next iterations of its event loop, however late they are.
  for (let turn = 0; turn < 10; turn++) await wait(20)
  t.equal((await connection.exec('echo again', limit)).stdout.toString(), 'again\n')
  t.equal(proxy.connections(), 2)
})

t.test('an unreached host has no lost connection', async (t) => {
  const { connection } = await open(t, { ansible_port: await freePort() })
  t.match(await fails(connection.exec('true', limit)), { name: 'Unreachable', lost: false, began: false })
  const closed = (await open(t)).connection
  await closed.close()
  t.match(await fails(closed.exec('true', limit)), { name: 'Unreachable', lost: false, began: false })
})

t.test('a killed shell is reported as such, not as a lost connection', async (t) => {
  const { connection } = await open(t)
  const error = await fails(connection.exec('kill -9 $(ps -o ppid= -p $PPID)', limit))
  t.match(error, {
    lost: true,
    began: true,
    message: /^node1: the shell on the host was killed while it ran a script; how far/,
  })
})

type Interrupted = Pick<Awaited<ReturnType<typeof open>>, 'proxy' | 'connection'> &
  Pick<ReturnType<typeof paths>, 'log' | 'release' | 'lines'>

/** The next script runs only after the one that lost its connection has ended. */
async function runsAfterwards(t: Test, { proxy, connection, log, release, lines }: Interrupted): Promise<void> {
  const next = connection.exec(`echo next >>${log}`, limit)
  await until('the next has connected', () => proxy.connections() === 2)
  // Long enough for the script to run if it is not prevented.
  await wait(1000)
  release()
  await next
  t.same(lines(), ['begun', 'ended', 'next'])
}

for (const how of ['cut', 'freeze'] as const) {
  t.test(`a script that outlives its connection (${how}) does not run concurrently with the next`, async (t) => {
    const { proxy, connection } = await open(t, { ansible_ssh_args: ALIVE })
    const { log, script, lines, release } = paths()
    const running = connection.exec(script, limit)
    running.catch(() => undefined)
    await until('it has begun', () => lines().length > 0)
    void proxy[how]()
    t.match(await fails(running), { lost: true, began: true })
    await runsAfterwards(t, { proxy, connection, log, release, lines })
  })
}

t.test('a script whose start was not acknowledged does not run concurrently with the next', async (t) => {
  const { proxy, connection } = await open(t, { ansible_ssh_args: ALIVE })
  const { log, script, lines, release } = paths()
  await connection.exec('true', limit)
  proxy.freeze('answers')
  const running = connection.exec(script, limit)
  running.catch(() => undefined)
  await until('it has begun', () => lines().length > 0)
  t.match(await fails(running), { lost: true, began: true })
  t.same(lines(), ['begun'])
  await runsAfterwards(t, { proxy, connection, log, release, lines })
})

t.test('scripts of different users do not run concurrently after a lost connection', async (t) => {
  const { proxy, connection } = await open(t)
  const { log, script, lines, release } = paths()
  const running = connection.exec(script, { ...limit, become: { user: 'root' } })
  running.catch(() => undefined)
  await until('it has begun', () => lines().length > 0)
  await proxy.cut()
  t.match(await fails(running), { lost: true, began: true })
  await runsAfterwards(t, { proxy, connection, log, release, lines })
})

t.test('a leftover script is awaited until its time limit, then killed with all its processes', async (t) => {
  const { proxy, connection } = await open(t)
  const running = connection.exec(`(trap '' TERM; ${nap(25)}; ${nap(25)}) & ${nap(25)}`, {
    timeLimitSeconds: 8,
  })
  running.catch(() => undefined)
  await until('it runs', () => napping(25).length > 0)
  await proxy.cut()
  t.match(await fails(running), { lost: true, began: true })
  t.equal((await connection.exec('echo next', limit)).stdout.toString(), 'next\n')
  await until('all its processes have ended', () => napping(25).length === 0)
  t.same(napping(25), [])
})

t.test('a deliberate background process keeps running', async (t) => {
  const { proxy, connection } = await open(t)
  await connection.exec(`${nap(375)} >/dev/null 2>&1 &`, limit)
  const running = connection.exec(`setsid ${nap(375)} & exec ${nap(5)}`, limit)
  running.catch(() => undefined)
  await until('all run', () => napping(5).length === 1 && napping(375).length === 2)
  await proxy.cut()
  await fails(running)
  endNaps(5)
  await connection.exec('true', limit)
  t.equal(napping(375).length, 2)
})

t.test('a received script that has not started never starts', async (t) => {
  const { go, release } = paths()
  const first = join(account.home, 'first')
  const proof = join(account.home, 'proof')
  const profile = join(account.home, '.bashrc')
  writeFileSync(profile, `if mkdir ${first} 2>/dev/null; then while [ ! -e ${go} ]; do sleep 0.1; done; fi\n`)
  t.teardown(() => writeFileSync(profile, ''))
  const { proxy, connection } = await open(t, { ansible_ssh_args: ALIVE })
  const running = connection.exec(`: >${proof}`, limit)
  running.catch(() => undefined)
  await until('the login shell is at its profile', () => existsSync(first))
  // The host does not detect the lost connection, so printing would succeed.
  proxy.freeze()
  t.match(await fails(running), { lost: true, began: true, message: /before a shell started/ })
  t.equal((await connection.exec('echo next', limit)).stdout.toString(), 'next\n')
  release()
  // A blocked shell would continue now, and the next script would find its changes.
  await wait(1000)
  t.equal((await connection.exec(`ls ${proof} 2>/dev/null || echo none`, limit)).stdout.toString(), 'none\n')
})

t.test('an unresponsive host is not reported as having killed the script', async (t) => {
  const { error, again } = await forsaken
  t.match(error, {
    name: 'Unreachable',
    lost: true,
    began: true,
    message: /^node1: the host does not respond: no result/,
  })
  t.equal(again, 'again\n')
})
