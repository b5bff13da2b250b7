import { existsSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { parseInventory } from '../../../src/inventory/index.ts'
import { wait_for } from '../../../src/modules/index.ts'
import { defineModule } from '../../../src/modules/task.ts'
import { experiment } from '../../../src/playbook/experiment.ts'
import { play } from '../../../src/playbook/play.ts'
import { phasesOf } from '../../../src/runner/step-selection.ts'
import { runSteps, script, type PlayRun } from '../../support/play-run.ts'

const proves = { 'x.holds': 'X holds' }
const awaited = ({ events }: PlayRun) => events.filter((event) => event.type === 'waiting')
const phases = ({ events }: PlayRun) =>
  events.flatMap((event) => (event.type === 'play_start' ? [[event.play, event.phase]] : []))
const nothing = async (): Promise<void> => {}

t.test('phases are counted over the plays and experiments that run', async (t) => {
  const steps = [
    play('first', { hosts: 'a' }, () => []),
    play('on nobody', { hosts: 'all:!a' }, () => []),
    experiment('proof', { hosts: 'all', disturbs: false, assertions: {}, tags: 'proof' }, nothing),
    experiment('by name', { hosts: 'all', disturbs: false, assertions: {}, tags: 'never' }, nothing),
    play('last', { hosts: 'all' }, () => []),
  ]
  t.strictSame(phases(await runSteps(steps)), [
    ['first', { number: 1, of: 3 }],
    ['proof', { number: 2, of: 3 }],
    ['last', { number: 3, of: 3 }],
  ])
  t.strictSame(phases(await runSteps(steps, { check: true })), [
    ['first', { number: 1, of: 2 }],
    ['last', { number: 2, of: 2 }],
  ])
  t.strictSame(phases(await runSteps(steps, { tags: ['other'] })), [
    ['first', { number: 1, of: 2 }],
    ['last', { number: 2, of: 2 }],
  ])
})

t.test('an invalid pattern does not affect the count of phases', async (t) => {
  const inventory = parseInventory({ main: { path: 'inventory.yaml', text: 'all:\n  hosts:\n    a:\n' } })
  const steps = [play('gone', { hosts: 'nosuch' }, () => []), play('here', { hosts: 'a' }, () => [])]
  const names = phasesOf({ steps, inventory, hosts: ['a'], check: false, tags: { tags: [], skipTags: [] } }).map(
    ({ name }) => name,
  )
  t.strictSame(names, ['here'])
})

t.test('an experiment reports commands, waits and their timeouts', async (t) => {
  const ran = await runSteps([
    experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
      await on.exhibit({ title: 'Nodes', command: 'true' })
      await on.watch({
        title: 'node3 is Down',
        waitingFor: 'node3 Down',
        command: 'true',
        within: 120,
        until: () => true,
      })
      await on.watch({ title: 'A title', command: 'true', until: () => true })
      on.waiting('the load to end', 12)
      await on.pause(0.01, 'nothing to happen')
      on.finding('x.holds', { holds: true, evidence: [] })
    }),
  ])
  const waits = ran.events.flatMap((event) =>
    event.type === 'waiting'
      ? [`${event.play}: ${event.host ?? 'nobody'}: ${event.for}, ${event.withinSeconds} s`]
      : event.type === 'exhibit_start'
        ? [`${event.host}: ${event.title}`]
        : event.type === 'exhibit'
          ? [`done: ${event.title}`]
          : [],
  )
  t.strictSame(waits, [
    'a: Nodes',
    'done: Nodes',
    'look: a: node3 Down, 120 s',
    'done: node3 is Down',
    'look: a: "A title", 60 s',
    'done: A title',
    'look: nobody: the load to end, 12 s',
    'look: nobody: nothing to happen, 0.01 s',
  ])
})

t.test('reported timeouts include the timeout multiplier', async (t) => {
  const ran = await runSteps(
    [
      experiment('look', { hosts: 'all', disturbs: false, assertions: {} }, async (on) => {
        await on.watch({ title: 'up', command: 'true', within: 20, until: () => true })
      }),
    ],
    { extraVars: { slowdown: 3 } },
  )
  t.match(awaited(ran), [{ withinSeconds: 60 }])
})

t.test('a pause ends when the run is interrupted', async (t) => {
  const controller = new AbortController()
  const ran = await runSteps(
    [
      experiment('look', { hosts: 'all', disturbs: false, assertions: proves }, async (on) => {
        setTimeout(() => {
          controller.abort()
        }, 20)
        await on.pause(3600, 'nothing to happen')
      }),
    ],
    { signal: controller.signal },
  )
  t.match(ran, { status: 'interrupted', exitCode: 130 })
})

t.test('a retried task reports its wait once; a task that succeeds at once reports none', async (t) => {
  const file = path.join(t.testdir(), 'tries')
  const text = `echo x >>${file}; wc -l <${file}`
  const until =
    (lines: string) =>
    ({ stdout }: { stdout: string }): boolean =>
      stdout.trim() === lines
  const ran = await runSteps([
    play('p', { hosts: 'all' }, () => [
      script('third', { text, until: until('3'), retries: 4, delay: 0.1 }),
      script('at once', { text, until: until('4'), retries: 4, delay: 0.1 }),
      script('never', { text: 'exit 1', retries: 2, delay: 0, ignore_errors: true }),
    ]),
  ])
  t.match(awaited(ran), [
    { play: 'p', host: 'a', for: 'third', withinSeconds: 0.4 },
    { for: 'never', withinSeconds: 0 },
  ])
  t.equal(awaited(ran).length, 2)
  t.strictSame(ran.story, ['a third: changed', 'a at once: changed', 'a never: failed'])
})

t.test('a waiting module reports its wait first', async (t) => {
  const dir = t.testdir()
  const ran = await runSteps([
    play('p', { hosts: 'all' }, () => [wait_for('Wait for the folder', { path: dir, timeout: 7, delay: 0 })]),
  ])
  t.match(
    ran.events.map(({ type }) => type),
    ['run_start', 'play_start', 'task_start', 'waiting', 'result', 'play_end', 'run_end'],
  )
  t.match(awaited(ran), [{ host: 'a', for: 'Wait for the folder', withinSeconds: 7 }])
})

t.test('a task that waits for a reconnect reports its wait', async (t) => {
  const mark = path.join(t.testdir(), 'gone')
  const leave = defineModule({
    name: 'leave',
    schema: z.strictObject({}),
    title: () => 'leave',
    reads: () => [],
    probe: () => ':',
    plan: () => ({ changes: [{ description: 'leave', script: `touch ${mark}` }] }),
    comesBack: { delaySeconds: () => 0, timeoutSeconds: () => 30, probe: () => ':', pendingReason: () => undefined },
    result: () => ({ values: {} }),
  })
  const ran = await runSteps([play('p', { hosts: 'all' }, () => [leave('Restart', {})])])
  t.match(awaited(ran), [{ host: 'a', for: 'a to reconnect', withinSeconds: 30 }])
  t.ok(existsSync(mark))
})
