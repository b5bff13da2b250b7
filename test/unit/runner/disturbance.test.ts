import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { parseInventory } from '../../../src/inventory/index.ts'
import { disturbancesOf, permissionFor, RunRefused, type PlannedRun } from '../../../src/runner/disturbance.ts'
import type { Disturbs } from '../../../src/playbook/disturbs.ts'
import { experiment } from '../../../src/playbook/experiment.ts'
import { play, type PlaybookStep } from '../../../src/playbook/play.ts'
import { tagged } from '../../../src/playbook/tags.ts'
import { runSteps, script } from '../../support/play-run.ts'

const INVENTORY = parseInventory({
  main: {
    path: 'inventory.yaml',
    text: 'all:\n  hosts:\n    a: {size: 1}\n    b: {}\n    c: {}\n  children:\n    last: {hosts: {c: }}\n',
  },
})
const lastIsLost: Disturbs = ({ groups }) => (groups.last ?? []).map((host) => ({ host, what: 'is powered off' }))
const lost = experiment(
  'lost',
  { hosts: 'a', tags: 'experiments', disturbs: lastIsLost, assertions: {} },
  async () => {},
)
const only = experiment('looks', { hosts: 'a', disturbs: false, assertions: {} }, async () => {})
const removes = play(
  'removes',
  { hosts: 'a,b', tags: 'down', disturbs: ({ hosts }) => hosts.map((host) => ({ host, what: 'loses its data' })) },
  () => [script('remove', { text: ':' })],
)
const install = play('install', { hosts: 'all' }, () => [script('install', { text: ':' })])

const planned = (steps: readonly PlaybookStep[], more: Partial<PlannedRun> = {}): PlannedRun => ({
  steps,
  inventory: INVENTORY,
  hosts: ['a', 'b', 'c'],
  extraVars: {},
  tags: { tags: [], skipTags: [] },
  check: false,
  ...more,
})
const refusedOf = (steps: readonly PlaybookStep[], more: Partial<PlannedRun> = {}): string[] =>
  permissionFor(planned(steps, more), {}).refused.flatMap(({ disturbances }) => disturbances.map(({ host }) => host))

t.test('no host may be disturbed without permission', async (t) => {
  t.same(permissionFor(planned([only, install]), {}), { leftOut: [], refused: [] })
  t.same(refusedOf([lost, only, removes, install]), ['c', 'a', 'b'])
  const { refused } = permissionFor(planned([lost, removes]), { mayDisturb: (host) => host !== 'b' })
  t.same(
    refused.map(({ step, disturbances }) => [step.name, disturbances]),
    [['removes', [{ host: 'b', what: 'loses its data' }]]],
  )
  t.same(permissionFor(planned([lost, removes]), { mayDisturb: () => true }).refused, [])
})

t.test('experiments can be skipped, plays cannot', async (t) => {
  const { leftOut, refused } = permissionFor(planned([install, lost, removes]), { withoutPermission: 'leave out' })
  t.same(
    leftOut.map(({ step }) => step.name),
    ['lost'],
  )
  t.same(
    refused.map(({ step }) => step.name),
    ['removes'],
  )
})

t.test('check mode disturbs no host', async (t) => {
  t.same(refusedOf([lost, removes], { check: true }), [])
})

t.test('steps with unselected tags disturb no host', async (t) => {
  t.same(refusedOf([lost, removes], { tags: { tags: ['other'], skipTags: [] } }), [])
  t.same(refusedOf([lost, removes], { tags: { tags: ['experiments'], skipTags: [] } }), ['c'])
  t.same(refusedOf([lost, removes], { tags: { tags: [], skipTags: ['down'] } }), ['c'])
  t.same(refusedOf(tagged('never', [lost])), [])
})

t.test('a selected tag of a task counts, and so does a task list that throws', async (t) => {
  const asked = { tags: { tags: ['wipe'], skipTags: [] } }
  const own = play(
    'own tag',
    { hosts: 'b', disturbs: ({ hosts }) => hosts.map((host) => ({ host, what: 'is wiped' })) },
    () => [script('wipe', { text: ':', tags: 'wipe' })],
  )
  t.same(refusedOf([own], asked), ['b'])
  const needsFacts = play('needs facts', { hosts: 'b', disturbs: own.disturbs as Disturbs }, () => {
    throw new Error('no facts')
  })
  t.same(refusedOf([needsFacts], asked), ['b'])
  t.same(refusedOf([removes], asked), [])
})

t.test('a step without hosts disturbs no host; a step with hosts may disturb others', async (t) => {
  t.same(refusedOf([lost], { hosts: ['b'] }), [])
  t.same(refusedOf([lost], { hosts: ['a'] }), ['c'], 'with --limit a, node c is disturbed')
  t.same(refusedOf([{ ...lost, hosts: 'nosuchgroup' }]), [])
})

t.test('disturbs receives host variables, overridden by extra variables', async (t) => {
  const bySize = experiment(
    'size',
    {
      hosts: 'a',
      disturbs: ({ hosts, hostvars }) => hosts.map((host) => ({ host, what: `size ${String(hostvars(host).size)}` })),
      assertions: {},
    },
    async () => {},
  )
  t.same(disturbancesOf(bySize, planned([])), [{ host: 'a', what: 'size 1' }])
  t.same(disturbancesOf(bySize, planned([], { extraVars: { size: 2 } })), [{ host: 'a', what: 'size 2' }])
})

t.test('a refusal lists each host and effect once, and the flag', async (t) => {
  const { refused } = permissionFor(planned([lost, lost, removes]), {})
  t.equal(
    new RunRefused(refused).message,
    [
      "Run refused; nothing was changed. These hosts do not belong to Labbook's lab:",
      '  c: is powered off',
      '  a: loses its data',
      '  b: loses its data',
      'Add --allow-faults to allow this.',
    ].join('\n'),
  )
})

t.test('a refused run changes nothing', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'disturbance-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const done = path.join(folder, 'done')
  const first = play('first', { hosts: 'all' }, () => [script('first', { text: `touch ${done}` })])
  const strikes = experiment(
    'strikes',
    {
      hosts: 'all',
      disturbs: ({ hosts }) => hosts.map((host) => ({ host, what: 'is powered off' })),
      assertions: { x: 'X holds' },
    },
    async (on) => {
      await on.exhibit({ title: 'Strike', command: `touch ${done}.struck` })
      on.finding('x', { holds: true, evidence: [] })
    },
  )
  const steps = [first, strikes]

  const refused = await runSteps(steps)
  t.match(refused, { status: 'failed', exitCode: 2 })
  t.same(refused.exchanges, {}, 'no host was connected to')
  t.notOk(existsSync(done))
  t.same(
    refused.events.map(({ type }) => type),
    ['run_start', 'notice', 'run_end'],
  )
  t.match(refused.events[1], { level: 'error', message: /a: is powered off\nAdd --allow-faults/ })

  const without = await runSteps(steps, { withoutPermission: 'leave out' })
  t.match(without, { status: 'passed', exitCode: 0 })
  t.ok(existsSync(done))
  t.notOk(existsSync(`${done}.struck`))
  t.match(
    without.events.filter(({ type }) => type === 'notice'),
    [
      {
        level: 'info',
        message: /^skipped, because a does not belong to Labbook's lab: "strikes"\. Add --allow-faults to include it/,
      },
    ],
  )
  t.same(
    without.events.filter(
      (event) => event.type === 'finding' || (event.type === 'play_start' && event.play === 'strikes'),
    ),
    [],
    'a skipped experiment has no findings',
  )

  const allowed = await runSteps(steps, { mayDisturb: (host) => host === 'a' })
  t.equal(allowed.exitCode, 0)
  t.ok(existsSync(`${done}.struck`))

  t.equal((await runSteps(steps, { check: true })).exitCode, 0, 'check mode needs no permission')
})
