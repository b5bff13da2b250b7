import { readFileSync } from 'node:fs'
import t from 'tap'
import { command } from '../../../src/modules/core/command.ts'
import { debug } from '../../../src/modules/core/debug.ts'
import type { Task } from '../../../src/modules/task.ts'
import { experiment } from '../../../src/playbook/experiment.ts'
import { play, type Play, type PlayContext } from '../../../src/playbook/play.ts'
import { register } from '../../../src/values/reference.ts'
import { line, runSteps, script, type PlayRun, type PlayRunOptions } from '../../support/play-run.ts'

const said = ({ events }: PlayRun): string[] =>
  events.filter((event) => event.type === 'notice').map(({ level, message }) => `${level}: ${message}`)
const HERE = import.meta.filename
type Nested = { readonly of: { readonly what: boolean } }
const missing = (value: unknown): boolean => (value as Nested).of.what // HERE: missing
/** @returns the line and the column of `code` in the line of this file that has the comment. */
const placeOf = (mark: string, code: string): string => {
  const lines = readFileSync(HERE, 'utf8').split('\n')
  const line = lines.findIndex((text) => text.endsWith(`// HERE: ${mark}`))
  return `${line + 1}:${(lines[line] ?? '').indexOf(code) + 1}`
}
const MISSING = placeOf('missing', 'what // ')
const NOT_THERE = "Cannot read properties of undefined (reading 'what')"

const each = (task: (host: string) => Task): Play =>
  play('Play', { hosts: 'all' }, ({ host }) => [task(host), debug('After', { msg: 'after' })])
const run = async (steps: Parameters<typeof runSteps>[0], setting: PlayRunOptions = {}): Promise<PlayRun> =>
  await runSteps(steps, { hosts: ['a', 'b'], ...setting })

t.test('a condition that throws fails the task on that host, with the location; other hosts continue', async (t) => {
  const conditions: Readonly<Record<string, (host: string) => Task>> = {
    when: (host) => debug('Task', { msg: 'x', when: () => host === 'b' || missing({}) }),
    changed_when: (host) => command('Task', { cmd: 'true', changed_when: () => host === 'b' || missing({}) }),
    failed_when: (host) => command('Task', { cmd: 'true', failed_when: () => host === 'a' && missing({}) }),
    until: (host) => command('Task', { cmd: 'true', delay: 60, until: () => host === 'b' || missing({}) }),
  }
  for (const [keyword, task] of Object.entries(conditions)) {
    const ran = await run([each(task)])
    t.strictSame(
      ran.story.toSorted(),
      ['a Task: failed', 'b After: ok', `b Task: ${keyword === 'when' ? 'ok' : 'changed'}`],
      keyword,
    )
    t.equal(
      ran.results.find(({ host }) => host === 'a')?.message,
      `${HERE}:${MISSING}: ${keyword}: ${NOT_THERE}`,
      keyword,
    )
    t.match(ran, { status: 'failed', exitCode: 2 }, keyword)
    t.equal(
      ran.results.find(({ host }) => host === 'a')?.attempts,
      keyword === 'when' ? 0 : 1,
      `${keyword}: a throwing condition is not retried`,
    )
  }
})

t.test('a condition that throws fails the task in check mode and when prefetched', async (t) => {
  const path = t.testdir()
  const steps = [
    play('Play', { hosts: 'all' }, () => [
      line('First', { path: `${path}/a`, is: '1' }),
      line('Second', { path: `${path}/b`, is: '2', when: () => missing({}) }),
      line('Third', { path: `${path}/c`, is: '3' }),
    ]),
  ]
  for (const check of [true, false]) {
    const ran = await runSteps(steps, { check })
    t.strictSame(ran.story, ['a First: changed', 'a Second: failed'], `check mode: ${check}`)
    t.match(ran.results[1], { message: `${HERE}:${MISSING}: when: ${NOT_THERE}` }, `check mode: ${check}`)
  }
  const waits = await runSteps(
    [each(() => command('Task', { cmd: 'true', read_only: true, until: () => missing({}) }))],
    { check: true },
  )
  t.strictSame(waits.story, ['a Task: failed'])
})

t.test('thrown values that are no errors, and throwing map() callbacks, fail the task', async (t) => {
  const thrown = await runSteps([
    each(() =>
      debug('Task', {
        msg: 'x',
        when: () => {
          // oxlint-disable-next-line typescript/only-throw-error -- a playbook may throw any value
          throw 'no'
        },
      }),
    ),
  ])
  t.match(
    thrown.results[0]?.message,
    new RegExp(`^${HERE}:\\d+:\\d+: when: no$`),
    'the error has the location of the task',
  )
  const answer = register<{ said: string }>('answer')
  const mapped = await runSteps([
    play('Play', { hosts: 'all' }, () => [
      script('Ask', { text: 'echo 1', register: answer }),
      debug('Tell', { msg: answer.map((value) => String(missing(value))) }),
    ]),
  ])
  t.strictSame(mapped.story, ['a Ask: changed', 'a Tell: failed'])
  t.equal(mapped.results[1]?.message, `${HERE}:${MISSING}: registered value: ${NOT_THERE}`)
})

t.test('delegate_to an unknown host fails the task, unless when is false', async (t) => {
  const path = t.testdir()
  const ran = await run([
    play('Play', { hosts: 'all' }, ({ host }) => [
      line('Before', { path: `${path}/${host}`, is: '1' }),
      debug('Task', { msg: 'x', delegate_to: 'bb', when: host === 'a' }), // HERE: delegate
      line('After', { path: `${path}/${host}`, is: '2' }),
    ]),
  ])
  t.strictSame(
    ran.story.filter((text) => text.startsWith('a')),
    ['a Before: changed', 'a Task: failed'],
  )
  t.strictSame(
    ran.story.filter((text) => text.startsWith('b')),
    ['b Before: changed', 'b Task: skipped', 'b After: changed'],
  )
  t.equal(
    ran.results.find(({ status }) => status === 'failed')?.message,
    `${HERE}:${placeOf('delegate', 'debug(')}: delegate_to: no host "bb" in the inventory: did you mean b?`,
  )
})

t.test('a play function that throws ends the run; the error names play, host and location', async (t) => {
  const cases: [Play, string][] = [
    [
      play('Play', { hosts: 'all' }, () => [debug({ msg: String(missing({})) })]),
      `:${MISSING}: play "Play" on a: ${NOT_THERE}`,
    ],
    [
      play(
        'Play',
        { hosts: 'all' },
        () => [],
        () => ({ 'restart it': debug({ msg: String(missing({})) }) }),
      ),
      `:${MISSING}: play "Play" on a: handlers: ${NOT_THERE}`,
    ],
    [
      play('Play', { hosts: 'all' }, ({ hostvars }) => [
        debug({ msg: String(hostvars('aa').x) }), // HERE: hostvars
      ]),
      `:${placeOf('hostvars', 'hostvars(')}: play "Play" on a: no host "aa" in the inventory: did you mean a?`,
    ],
    [
      play('Play', { hosts: 'all' }, (() => undefined) as never), // HERE: play
      `:${placeOf('play', 'play(')}: play "Play" on a: expected a list of tasks, got undefined (does its function return?)`,
    ],
    [
      play('Play', { hosts: 'all' }, (async () => []) as never),
      'play "Play" on a: expected a list of tasks, got a promise (its function must not be async)',
    ],
    [
      play('Play', { hosts: 'all' }, (() => ['task']) as never),
      'play "Play" on a: expected a list of tasks, got a value of type string',
    ],
  ]
  for (const [each, message] of cases) {
    const ran = await run([each, play('Next', { hosts: 'all' }, () => [debug({ msg: 'x' })])])
    t.strictSame(ran.story, [], message)
    const [text = '', ...more] = said(ran)
    t.ok(text.startsWith(`error: ${HERE}:`) && text.endsWith(message) && more.length === 0, text)
    t.match(ran, { status: 'failed', exitCode: 1 }, message)
    t.equal(ran.events.at(-1)?.type, 'run_end', message)
  }
})

t.test(
  'an error in an experiment is reported with its location; its findings are inconclusive, and the run continues',
  async (t) => {
    const context = (break_: (on: Pick<PlayContext, 'hostvars'>) => unknown) =>
      experiment(
        'Drain',
        { hosts: 'all', disturbs: false, assertions: { 'drain.moves': 'Tasks move' } },
        async (on) => {
          break_(on)
        },
      )
    const cases: [ReturnType<typeof context>, string][] = [
      [context(() => missing({})), `${HERE}:${MISSING}: ${NOT_THERE}`],
      [context((on) => on.hostvars('aa')), `no host "aa" in the inventory: did you mean a?`],
      [
        context(() => {
          throw new Error('node3 is Down already')
        }),
        'node3 is Down already',
      ],
    ]
    for (const [each, reason] of cases) {
      const ran = await runSteps([each, play('Next', { hosts: 'all' }, () => [debug('After', { msg: 'x' })])])
      const [finding] = ran.events.filter((event) => event.type === 'finding')
      t.equal(finding?.holds, null, reason)
      t.ok(finding?.detail?.endsWith(reason), finding?.detail ?? '')
      t.strictSame(ran.story, ['a After: ok'], reason)
      t.strictSame(said(ran), [`error: Drain: ${finding?.detail ?? ''}`], reason)
    }
  },
)
