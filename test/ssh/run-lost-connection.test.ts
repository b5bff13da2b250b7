import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import * as z from 'zod'
import { defineModule, type Task } from '../../src/modules/task.ts'
import { play } from '../../src/playbook/play.ts'
import { sh } from '../../src/shell/quote.ts'
import { line, connectTo, runSteps, script, type PlayRun } from '../support/play-run.ts'
import { endProcess, until } from '../support/processes.ts'
import { startSshd } from '../support/sshd.ts'

const folder = mkdtempSync(join(tmpdir(), 'labbook-lost-'))
/** Pending-handler markers are in this directory, not in /var/lib of this machine. */
const config = [`SetEnv LABBOOK_STATE=${folder}`]
const sshd = await startSshd({ config })
t.teardown(async () => {
  await sshd.stop()
  rmSync(folder, { recursive: true })
})

let files = 0
/** Files that synchronise a script with its test. */
function paths() {
  files += 1
  const [path, log, gate] = ['path', 'log', 'gate'].map((name) => join(folder, `${name}${files}`)) as [
    string,
    string,
    string,
  ]
  const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])
  return {
    path,
    log,
    gate,
    lines,
    open: () => {
      appendFileSync(gate, '')
    },
  }
}
type Paths = ReturnType<typeof paths>

const atGate = ({ log, gate }: Pick<Paths, 'log' | 'gate'>, word: string): string =>
  sh`echo ${word} >>${log}; until rm ${gate} 2>/dev/null; do [ -e ${log} ] || exit; sleep 0.05; done`

const asked = { path: z.string(), log: z.string(), gate: z.string() }

/**
 * Creates a file, and blocks in between until it is released. `prints`: then prints to a connection that may be lost.
 */
const slow = defineModule({
  name: 'slow',
  schema: z.strictObject({ ...asked, prints: z.boolean().default(false) }),
  title: ({ path }) => path,
  probe: ({ path }) => sh`[ -e ${path} ]; echo $?; [ -e ${path}.2 ]; echo $?`,
  plan: ({ path, prints, ...gate }, { stdout }) => {
    const [first, second] = stdout.split('\n')
    return {
      changes: [
        ...(first === '0' ? [] : [{ description: 'one', script: sh`echo one >>${gate.log}; : >${path}` }]),
        ...(second === '0'
          ? []
          : [
              {
                description: 'two',
                script: `${atGate(gate, 'two')}${prints ? '; echo working || exit 1' : ''}; ${sh`: >${path}.2`}`,
              },
            ]),
      ],
      values: { made: second === '0' },
    }
  },
})

/** A probe that blocks until it is released. */
const slowLook = defineModule({
  name: 'slow look',
  schema: z.strictObject(asked),
  title: ({ path }) => path,
  probe: (gate) => atGate(gate, 'look'),
  plan: () => ({ changes: [] }),
})

/**
 * `cut`: cuts the connection once the task is at its gate; `open`: opens the gate for one; `back`: waits for the
 * reconnect, and a little longer.
 */
type Step = 'cut' | 'open' | 'stand' | 'back'

/** Runs tasks and, at the same time, the steps. */
async function runThrough(
  steps: readonly Step[],
  { lines, open }: Paths,
  tasks: Task[],
  { word = 'two', check = false } = {},
): Promise<PlayRun> {
  const running = runSteps([play('p', { hosts: 'a' }, () => tasks, { restart: script({ text: ':' }) })], {
    connect: connectTo(sshd),
    check,
  })
  let standing = 0
  for (const step of steps) {
    if (step === 'open') open()
    else if (step === 'back') {
      await until('it has reconnected', () => sshd.connections().length > 0)
      // Long enough for a probe or a second attempt, if they are not prevented.
      await wait(1000)
    } else {
      standing += 1
      await until(
        `it is at its gate for the ${standing}. time`,
        () => lines().filter((each) => each === word).length === standing,
      )
      if (step === 'stand') continue
      const pids = sshd.connections()
      for (const pid of pids) endProcess(pid, 'SIGKILL')
      await until('the line is gone', () => !pids.some((pid) => sshd.connections().includes(pid)))
    }
  }
  return await running
}

const warnings = ({ events }: PlayRun): string[] =>
  events.flatMap((event) => (event.type === 'notice' ? [`${event.level} ${event.host ?? ''}: ${event.message}`] : []))
const AGAIN = 'warning a: connection lost during "make"; reconnected'

t.test('a change that outlives a lost connection is awaited and not repeated', async (t) => {
  const at = paths()
  const ran = await runThrough(['cut', 'back', 'open'], at, [
    slow('make', { ...pick(at), notify: 'restart' }),
    line('after', { path: `${at.path}.3`, is: 'x' }),
  ])
  t.same(ran.story, ['a make: changed', 'a after: changed', 'a restart: changed'])
  t.equal(ran.results[0]?.message, 'connection lost during the change; the host is in the desired state')
  t.match(ran.results[0]?.changes, [{ description: 'one' }, { description: 'two' }])
  t.same(at.lines(), ['one', 'two'], 'each change was made once')
  t.same(warnings(ran), [AGAIN])
  t.equal(ran.exitCode, 0)
})

t.test('a change killed by a lost connection is completed after reconnecting', async (t) => {
  const at = paths()
  const ran = await runThrough(['cut', 'open', 'stand', 'open'], at, [slow('make', { ...pick(at), prints: true })])
  t.same(ran.story, ['a make: changed'])
  t.equal(ran.results[0]?.message, 'connection lost during the change; completed after reconnecting')
  t.same(at.lines(), ['one', 'two', 'two'])
  t.same(warnings(ran), [AGAIN])
})

t.test('a command with a lost connection is not repeated, regardless of retries', async (t) => {
  const at = paths()
  const tasks = [
    script('make', { text: atGate(at, 'two'), retries: 3, delay: 0, failed_when: false, ignore_errors: true }),
    script('after', { text: sh`echo after >>${at.log}` }),
  ]
  const ran = await runThrough(['cut', 'back', 'open'], at, tasks)
  t.same(ran.story, ['a make: failed', 'a after: changed'])
  t.equal(
    ran.results[0]?.message,
    'connection lost while the command ran: its outcome is unknown, and it is not retried automatically',
  )
  t.same(at.lines(), ['two', 'after'])
  t.same(warnings(ran), [AGAIN])
})

for (const check of [false, true]) {
  t.test(`a probe with a lost connection is repeated${check ? ', in check mode' : ''}`, async (t) => {
    const at = paths()
    const ran = await runThrough(['cut', 'open', 'stand', 'open'], at, [slowLook('make', pick(at))], {
      word: 'look',
      check,
    })
    t.same(ran.story, ['a make: ok'])
    t.same(at.lines(), ['look', 'look'])
    t.same(warnings(ran), [AGAIN])
  })
}

t.test('a second lost connection in one task makes the host unreachable', async (t) => {
  const at = paths()
  const ran = await runThrough(['cut', 'open', 'cut', 'open'], at, [slow('make', { ...pick(at), prints: true })])
  t.same(ran.story, ['a make: unreachable'])
  t.match(ran.results[0]?.message, /^a: the connection was lost while a script ran.*; how far it got is unknown$/)
  t.equal(ran.exitCode, 4)
})

t.test('prefetched probes are repeated after a lost connection', async (t) => {
  const [at, more] = [paths(), paths()]
  writeFileSync(more.path, 'x')
  const running = runSteps(
    [
      play('p', { hosts: 'a' }, () => [
        line('first', { path: more.path, is: 'x' }),
        slowLook('make', { ...pick(at), delegate_to: 'b' }),
        line('last', { path: more.path, is: 'x' }),
      ]),
    ],
    { connect: connectTo(sshd), hosts: ['a', 'b'] },
  )
  await until('it is at its gate', () => at.lines().length === 1)
  rmSync(more.path)
  for (const pid of sshd.connections()) endProcess(pid, 'SIGKILL')
  at.open()
  await until('it looks again', () => at.lines().length === 2)
  at.open()
  t.same((await running).story, ['a first: ok', 'a make: ok', 'a last: changed'])
})

t.test('a slow prefetched probe does not time out the current task', async (t) => {
  const [at, more] = [paths(), paths()]
  const running = runSteps(
    [
      play('p', { hosts: 'a' }, () => [
        line('first', { path: more.path, is: 'x', timeout: 3 }),
        slowLook('look', pick(at)),
      ]),
    ],
    { connect: connectTo(sshd) },
  )
  // Prefetched with the probe and with the change of the first task; then run with its own time limit.
  await until('it looks in its turn', () => at.lines().length === 3)
  at.open()
  const ran = await running
  t.same(ran.story, ['a first: changed', 'a look: ok'])
  t.equal(ran.exitCode, 0)
})

for (const kind of ['change', 'command'] as const) {
  t.test(`a host lost during a ${kind} is unreachable, and the outcome of the ${kind} is unknown`, async (t) => {
    const at = paths()
    const dying = await startSshd({ config })
    const task = kind === 'change' ? slow('make', pick(at)) : script('make', { text: atGate(at, 'two') })
    const running = runSteps([play('p', { hosts: 'a' }, () => [task, script('after', { text: ':' })])], {
      connect: connectTo(dying),
    })
    await until('it is at its gate', () => at.lines().includes('two'))
    const open = dying.connections()
    endProcess(dying.pid, 'SIGKILL')
    for (const pid of open) endProcess(pid, 'SIGKILL')
    const ran = await running
    at.open()
    await dying.stop()
    t.same(ran.story, ['a make: unreachable'])
    t.match(
      ran.results[0]?.message,
      /^a: connection refused by .*; connection lost during "make": its outcome is unknown$/,
    )
    t.equal(ran.exitCode, 4)
    t.same(warnings(ran), [])
  })
}

function pick({ path, log, gate }: Paths): Pick<Paths, 'path' | 'log' | 'gate'> {
  return { path, log, gate }
}
