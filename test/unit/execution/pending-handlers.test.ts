import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { play } from '../../../src/playbook/play.ts'
import { line, present, runSteps, script } from '../../support/play-run.ts'

const folder = t.testdir()
const config = path.join(folder, 'config')
const log = path.join(folder, 'log')

const steps = (handler: string) => [
  play(
    'service',
    { hosts: 'all' },
    () => [
      line('configure', { path: config, is: 'x', notify: 'restart' }),
      line('configure more', { path: `${config}.d`, is: 'x', notify: 'restart' }),
      script('after', { text: `echo after >>${log}`, changed_when: false }),
    ],
    { restart: script({ text: handler }) },
  ),
]

t.test('a handler runs once, after the tasks, and only when notified', async (t) => {
  const works = steps(`echo restarted >>${log}`)
  t.equal((await runSteps(works)).story.at(-1), 'a restart: changed')
  t.equal(readFileSync(log, 'utf8'), 'after\nrestarted\n')
  t.notMatch((await runSteps(works)).story.join(), /restart/)
})

t.test('a handler that did not run is run by the next run', async (t) => {
  rmSync(config)
  const failed = await runSteps(steps('exit 1'))
  t.equal(failed.story.at(-1), 'a restart: failed')
  const next = await runSteps(steps('true'))
  t.same(next.story, ['a configure: ok', 'a configure more: ok', 'a after: ok', 'a restart: changed'])
  t.notMatch((await runSteps(steps('true'))).story.join(), /restart/)
})

t.test('check mode shows the handler', async (t) => {
  rmSync(config)
  t.equal((await runSteps(steps('true'), { check: true })).story.at(-1), 'a restart: changed')
})

t.test('check mode: the handler of an unknown task is unknown', async (t) => {
  const made = path.join(folder, 'made')
  const ran = await runSteps(
    [
      play(
        'later',
        { hosts: 'all' },
        () => [line('make', { path: made, is: 'x' }), present('needs it', { path: made, notify: 'restart' })],
        { restart: script({ text: ':' }) },
      ),
    ],
    { check: true },
  )
  t.same(ran.story, ['a make: changed', 'a needs it: unknown', 'a restart: unknown'])
  t.match(ran.results.at(-1)?.message, 'depends on "needs it", which has not run yet')
})

t.test('a handler may notify others, before and after it; each runs once', async (t) => {
  const ran = await runSteps([
    play(
      'chain',
      { hosts: 'all' },
      () => [line('configure', { path: path.join(folder, 'chain'), is: 'x', notify: 'middle' })],
      {
        before: script({ text: ':' }),
        middle: script({ text: ':', notify: ['after', 'before', 'middle'] }),
        after: script({ text: ':' }),
      },
    ),
  ])
  t.same(ran.story, ['a configure: changed', 'a middle: changed', 'a after: changed', 'a before: changed'])
})

const notifying = (notify: string | string[], handlers: Parameters<typeof play>[3] = {}) => [
  play(
    'notifying',
    { hosts: 'all' },
    () => [
      script('first', { text: ':' }),
      line('configure', { path: path.join(folder, 'notifying'), is: 'x', notify }),
    ],
    handlers,
  ),
]

t.test('a task that notifies a handler its play does not have ends the run before any task', async (t) => {
  const restart = script({ text: ':' })
  for (const { steps, expected } of [
    { steps: notifying('restrat', { restart }), expected: 'has no handler "restrat": did you mean restart?' },
    { steps: notifying(['restart', 'reload it'], { restart }), expected: 'has no handler "reload it"' },
    { steps: notifying('restart'), expected: 'has no handler "restart": it has no handlers' },
    { steps: notifying('one', { one: script({ text: ':', notify: 'tow' }) }), expected: 'has no handler "tow"' },
  ]) {
    const { events, story, exitCode } = await runSteps(steps)
    const notice = events.find((event) => event.type === 'notice')?.message ?? ''
    t.match(notice, /^[^ ]*handlers\.test\.ts:\d+:\d+: notify: play "notifying" /, expected)
    t.ok(notice.includes(expected), `${notice} includes ${expected}`)
    t.same(story, [], `${expected}: no task ran`)
    t.equal(exitCode, 1, `${expected}: exit code`)
  }
})
