import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { RunEvent } from '../../src/events/events.ts'
import { endProcess, processes, until } from '../support/processes.ts'
import { startSshd } from '../support/sshd.ts'
import { onTerminal, type Session } from '../support/terminal.ts'

const SLEEPER = new URL('programs/sleeper.ts', import.meta.url)
const CTRL_C = '\u0003'

const sshd = await startSshd()
const roots: string[] = []
t.teardown(async () => {
  await sshd.stop()
  for (const root of roots) rmSync(root, { recursive: true })
})

const running = (commandLine: string): number[] =>
  processes()
    .filter((each) => each.commandLine === commandLine)
    .map(({ pid }) => pid)
/** The runner of this project directory and all its processes on this machine. */
const ours = (root: string): string[] =>
  processes()
    .map(({ commandLine }) => commandLine)
    .filter((each) => each.includes(root))

let sleeps = 0
/** A separate project with one host and one task, which sleeps. */
function project() {
  const root = mkdtempSync(join(tmpdir(), 'labbook-interrupt-'))
  roots.push(root)
  sleeps += 1
  const sleep = `sleep 1000.${Math.floor(Math.random() * 1e6)}${sleeps}`
  writeFileSync(join(root, 'package.json'), '{ "version": "0.0.0" }')
  writeFileSync(join(root, 'inventory.yaml'), `all:\n  hosts:\n    node1: ${JSON.stringify(sshd.vars())}\n`)
  const latest = (file: string): string => join(root, 'runs/latest', file)
  return {
    root,
    sleep,
    asleep: () => running(sleep).length > 0,
    run: (talk: NonNullable<Session['talk']>, options: string[] = []) =>
      onTerminal(SLEEPER, [root, sleep, '-i', join(root, 'inventory.yaml'), '--yes', ...options], {
        talk,
        after: 'stty -a',
      }),
    events: () =>
      readFileSync(latest('events.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as RunEvent),
    hasReport: () => existsSync(latest('report.html')) && existsSync(latest('summary.json')),
  }
}

/** The terminal shows the cursor, echoes input, reads it by line, and Ctrl-C sends SIGINT. */
function isSane(t: Test, raw: string): void {
  t.ok(raw.lastIndexOf('\u001b[?25h') >= raw.lastIndexOf('\u001b[?25l'), 'the cursor is shown')
  for (const word of ['isig', 'icanon', 'echo', 'opost'])
    t.match(raw, new RegExp(`[ \\n]${word}[ \\r]`), `stty: ${word}`)
}

for (const options of [[], ['-v']]) {
  t.test(
    `Ctrl-C once stops the tasks and shuts the run down gracefully (${options.join() || 'live screen'})`,
    async (t) => {
      const on = project()
      const before = sshd.connections()
      const { raw, screen, exitCode } = await on.run(
        [
          [
            options.length === 0 ? 'Sleep' : 'PLAY [Rest]',
            async () => {
              await until('it sleeps', on.asleep)
              return CTRL_C
            },
          ],
        ],
        options,
      )
      t.equal(exitCode, 130)
      await until('the sleep is gone', () => !on.asleep())
      await until('the connection is gone', () => sshd.connections().every((pid) => before.includes(pid)))
      t.same(ours(on.root), [])
      t.match(on.events().at(-1), { type: 'run_end', status: 'interrupted', exitCode: 130 })
      t.same(
        on.events().filter(({ type }) => type === 'result'),
        [],
        'the interrupted task has no result',
      )
      t.ok(on.hasReport())
      const text = screen.join('\n')
      t.match(text, /interrupted: stopping; press Ctrl-C again to stop immediately/)
      t.match(text, /Interrupted after/)
      if (options.length === 0) t.match(text, /■ Rest +stopped/)
      t.match(text, /report: .*report\.html/)
      isSane(t, raw)
    },
  )
}

/** Starts a run whose target stops responding before Ctrl-C is pressed. @param more - further answers of the user. */
async function interruptUnresponsive(t: Test, more: Parameters<ReturnType<typeof project>['run']>[0] = []) {
  const on = project()
  const before = sshd.connections()
  let stopped: number[] = []
  t.teardown(() => {
    for (const pid of stopped) endProcess(pid, 'SIGKILL')
    for (const pid of running(on.sleep)) endProcess(pid)
  })
  const stopConnections = async (): Promise<string> => {
    await until('it sleeps', on.asleep)
    stopped = sshd.connections().filter((pid) => !before.includes(pid))
    for (const pid of stopped) endProcess(pid, 'SIGSTOP')
    return CTRL_C
  }
  return { on, ...(await on.run([['Sleep', stopConnections], ...more])) }
}

t.test('an unresponsive target does not block the shutdown', async (t) => {
  const { on, raw, exitCode } = await interruptUnresponsive(t)
  t.equal(exitCode, 130)
  t.match(on.events().at(-1), { type: 'run_end', status: 'interrupted' })
  t.ok(on.hasReport())
  isSane(t, raw)
})

t.test('Ctrl-C twice stops immediately, even with an unresponsive target', async (t) => {
  const { on, raw, exitCode } = await interruptUnresponsive(t, [['again to stop immediately', CTRL_C]])
  t.equal(exitCode, 130)
  t.same(
    on.events().map(({ type }) => type),
    ['run_start', 'play_start', 'task_start', 'notice'],
    'the second Ctrl-C does not wait for the run',
  )
  t.same(ours(on.root), [])
  isSane(t, raw)
})
