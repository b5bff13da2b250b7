import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cleanupScript } from '../../../src/connection/interrupted-scripts.ts'
import { endProcess, processes, until } from '../../support/processes.ts'
import { runIn, shells } from '../../support/shells.ts'

/** Starts a process in its own group; resolves once its environment is visible in /proc. */
async function start(t: Test, script: string, has: RegExp): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  await until('it runs', () => has.test(readFileSync(`/proc/${child.pid}/environ`, 'latin1')))
  return child
}

const token = (): string => `lb${randomBytes(16).toString('hex')}`
/** An ended process has no environment, even as a zombie. */
function runs({ pid }: ChildProcess): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1') !== ''
  } catch {
    return false
  }
}

function ignoresTerm({ pid }: ChildProcess): boolean {
  const mask = /^SigIgn:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return (BigInt(`0x${mask}`) & (1n << 14n)) !== 0n
}

for (const shell of shells) {
  t.test(`${shell.name}: cleanupScript() ends leftover processes`, async (t) => {
    await t.test('running script may use the rest of its time limit', async (t) => {
      const mine = token()
      const go = join(t.testdir({}), 'go')
      const child = await start(
        t,
        `lb_script=$$.${mine} exec sh -c 'until [ -e ${go} ]; do sleep 0.1; done; sleep 1.5'`,
        /lb_script=/,
      )
      const exit = once(child, 'exit')
      writeFileSync(go, '')
      t.match(runIn(shell, cleanupScript(mine, 30, 60)), { exitCode: 0, stderr: '' })
      t.notOk(runs(child), 'it has ended before the cleanup returns')
      t.same(await exit, [0, null])
    })

    await t.test('session shell, started or starting, is killed at once', async (t) => {
      const mine = token()
      const session = await start(t, `lb_session=${mine} exec sleep 1003.5`, /lb_session=/)
      const early = spawn('sh', ['-c', `while sleep 1003.25; do echo ${mine}; done`], {
        detached: true,
        stdio: 'ignore',
      })
      const exits = [once(session, 'exit'), once(early, 'exit')]
      await once(early, 'spawn')
      t.match(runIn(shell, cleanupScript(mine, 30, 60)), { exitCode: 0 })
      t.same(await Promise.all(exits), [
        [null, 'SIGTERM'],
        [null, 'SIGTERM'],
      ])
      endProcess(-(early.pid ?? 0), 'SIGKILL')
    })

    await t.test('session shell that ends the rest of a late script is awaited', async (t) => {
      const mine = token()
      const proof = join(t.testdir({}), 'proof')
      const session = await start(
        t,
        `lb_session=${mine} exec sh -c 'trap "" TERM; sleep 2; : >${proof}'`,
        /lb_session=/,
      )
      await until('it ignores SIGTERM', () => ignoresTerm(session))
      t.match(runIn(shell, cleanupScript(mine, 30, 60)), { exitCode: 0 })
      t.ok(existsSync(proof))
    })

    for (const { how, limitSeconds, left } of [
      { how: 'late by the clock of the host: killed', limitSeconds: 1, left: false },
      { how: 'in time: left alone', limitSeconds: 60, left: true },
    ]) {
      await t.test(`rest of a script that ended ${how}`, async (t) => {
        const mine = token()
        const rest = `sleep 1003.${token().replace(/\D/g, '')}`
        const go = join(t.testdir({}), 'go')
        const resting = (): number => processes().filter(({ commandLine }) => commandLine === rest).length
        const leader = await start(
          t,
          `lb_script=$$.${mine} exec sh -c '(trap "" TERM; exec ${rest}) & until [ -e ${go} ]; do sleep 0.1; done; sleep 4'`,
          /lb_script=/,
        )
        await until('the rest runs', () => resting() === 1)
        writeFileSync(go, '')
        // The controller believes that much of the time limit is left.
        t.match(runIn(shell, cleanupScript(mine, 30, limitSeconds)), { exitCode: 0, stderr: '' })
        t.notOk(runs(leader))
        // SIGKILL is sent, but the process may take a moment to end.
        if (!left) await until('the rest has ended', () => resting() === 0)
        t.equal(resting(), left ? 1 : 0)
        endProcess(-(leader.pid ?? 0), 'SIGKILL')
      })
    }

    await t.test('descendant processes and processes with a reused pid are left alone', async (t) => {
      const [mine, other] = [token(), token()]
      const descendant = await start(t, `lb_script=1.${mine} exec sleep 1003.75`, /lb_script=/)
      const stranger = await start(t, `lb_script=$$.${other} exec sleep 1003.75`, /lb_script=/)
      const sudo = await start(
        t,
        `SUDO_COMMAND='sh -c [ "$line" = ${mine} ]; export lb_session=$line' exec sleep 1003.75`,
        /SUDO_COMMAND/,
      )
      t.match(runIn(shell, cleanupScript(mine, 0, 60)), { exitCode: 0 })
      t.same([descendant, stranger, sudo].map(runs), [true, true, true])
    })
  })
}
