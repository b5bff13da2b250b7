import t from 'tap'
import type { Connection } from '../../../src/connection/connection.ts'
import { experiment } from '../../../src/playbook/experiment.ts'
import { PlaybookError } from '../../../src/playbook/play.ts'
import { durationMultiplierOf, timeoutMultiplierOf } from '../../../src/playbook/timeout-multiplier.ts'
import { runSteps, shellConnection } from '../../support/play-run.ts'

const among = (vars: Readonly<Record<string, Record<string, unknown>>>): number =>
  timeoutMultiplierOf({ hostvars: (host) => vars[host] ?? {} }, Object.keys(vars))

t.test('the slowest host counts; its variable before its facts', async (t) => {
  t.equal(among({}), 1)
  t.equal(among({ a: {}, b: { ansible_facts: {} } }), 1)
  t.equal(among({ a: { ansible_facts: { virtualization_type: 'kvm' } } }), 1)
  t.equal(among({ a: {}, b: { ansible_facts: { virtualization_type: 'qemu' } } }), 10, 'software emulation')
  t.equal(among({ a: { slowdown: 3 }, b: { slowdown: '2', ansible_facts: { virtualization_type: 'qemu' } } }), 3)
})

t.test("an invalid slowdown is rejected with the host's name", async (t) => {
  for (const slowdown of [0, -1, 1.5, 61, 'much', null]) {
    t.throws(
      () => among({ node2: { slowdown } }),
      new PlaybookError(`variable "slowdown" of node2 must be an integer from 1 to 60, not "${String(slowdown)}"`),
      `slowdown ${String(slowdown)}`,
    )
  }
})

t.test('durations scale by the square root of the timeout multiplier', async (t) => {
  t.same([1, 2, 4, 10, 60].map(durationMultiplierOf), [1, 2, 2, 4, 8])
})

t.test('an experiment scales its timeouts', async (t) => {
  const limits: (number | undefined)[] = []
  const shell = shellConnection(() => {})
  const connect = (): Connection => ({
    ...shell,
    exec: async (script, options) => {
      limits.push(options.timeLimitSeconds)
      return await shell.exec(script, options)
    },
  })
  const step = experiment('look', { hosts: 'all', disturbs: false, assertions: {} }, async (on) => {
    await on.exec({ command: 'true' })
    await on.exhibit({ title: 'It', command: 'true', timeout: 7 })
  })
  await runSteps([step], { connect })
  await runSteps([step], { connect, extraVars: { slowdown: 10 } })
  t.same(limits, [60, 7, 600, 70])
})
