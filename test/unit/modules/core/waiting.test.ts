import t from 'tap'
import { Unreachable } from '../../../../src/connection/connection.ts'
import { add_host, group_by, include_vars, play, set_fact } from 'labbook'
import { pause } from '../../../../src/modules/core/pause.ts'
import { wait_for_connection } from '../../../../src/modules/core/wait_for_connection.ts'
import { register } from '../../../../src/values/reference.ts'
import { runSteps, script, shellConnection } from '../../../support/play-run.ts'
import { converge } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'

t.test('pause waits in its probe, and changes nothing', async (t) => {
  inEachShell(t, (t, shell) => {
    const { before } = converge(shell, pause, { seconds: 1 })
    t.same(before.changes, [])
    t.match(before.values, { stdout: 'Paused for 1 seconds' })
    t.ok((before.values?.delta ?? 0) >= 1)
  })
  const { schema, waitSeconds, timeLimitSeconds } = pause.definition
  t.equal(waitSeconds?.(schema.parse({ minutes: 1.5 })), 90)
  t.equal(timeLimitSeconds?.(schema.parse({ minutes: 60 })), 3660, 'the task is not ended before')
  t.match(schema.safeParse({}).error?.issues[0]?.message, 'set either minutes or seconds')
  t.match(schema.safeParse({ seconds: 1, prompt: 'Go on?' }).error?.issues[0]?.message, '"prompt"')
})

/** A host that answers from the second attempt on. */
const starting = (attempts: { count: number }) => () =>
  shellConnection(() => {
    if (++attempts.count < 2) throw new Unreachable('a: connection refused')
  })

t.test('wait_for_connection waits for a host that is starting', async (t) => {
  const attempts = { count: 0 }
  const found = register<{ elapsed: number }>('found')
  const steps = [
    play('p', { hosts: 'a' }, () => [
      wait_for_connection('wait', { timeout: 60, register: found }),
      script('then', { text: found.map(({ elapsed }) => `echo ${elapsed}`) }),
    ]),
  ]
  const ran = await runSteps(steps, { connect: starting(attempts) })
  t.same(ran.story, ['a wait: ok', 'a then: changed'])
  t.match(ran.results[1]?.stdout, /^[1-9]\d*\n$/, 'the seconds that it took')
  t.match(
    ran.events.find(({ type }) => type === 'waiting'),
    { for: 'a to connect', withinSeconds: 60 },
  )
})

t.test('a host that does not start fails the task', async (t) => {
  const steps = [play('p', { hosts: 'a' }, () => [wait_for_connection('wait', { timeout: 0 })])]
  const ran = await runSteps(steps, { dead: ['a'] })
  t.same(ran.story, ['a wait: failed'])
  t.equal(ran.results[0]?.message, 'not connected after 0 s: a: no route')
})

t.test('check mode does not wait for a host', async (t) => {
  const attempts = { count: 0 }
  const steps = [play('p', { hosts: 'a' }, () => [wait_for_connection('wait', {})])]
  const ran = await runSteps(steps, { connect: starting(attempts), check: true })
  t.same(ran.story, ['a wait: unreachable'])
  t.equal(attempts.count, 1)
})

t.test("Ansible's words that TypeScript replaces say how", async (t) => {
  for (const [word, way] of [
    [set_fact, 'declare a const'],
    [include_vars, 'group_vars'],
    [add_host, 'inventory program'],
    [group_by, 'facts.distribution'],
  ] as const) {
    const ran = await runSteps([play('p', { hosts: 'a' }, () => [word({ a: 1 })])])
    t.equal(ran.exitCode, 1)
    const notice = ran.events.find(({ type }) => type === 'notice') as { message?: string } | undefined
    t.match(notice?.message, way)
    t.match(notice?.message, /waiting\.test\.ts:\d+:\d+: \w+ is no task of Labbook: /)
  }
})
