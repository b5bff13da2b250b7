import path from 'node:path'
import t from 'tap'
import { meta, type MetaAction, type MetaKeywords } from '../../../src/modules/core/meta.ts'
import { block } from '../../../src/playbook/block.ts'
import { play, type PlayContext, type TaskList } from '../../../src/playbook/play.ts'
import { register } from '../../../src/values/reference.ts'
import { line, runSteps, script } from '../../support/play-run.ts'

const folder = t.testdir()
const at = (name: string): string => path.join(folder, name)
const ok = (name: string) => script(name, { text: ':' })

const playOf = (tasks: (context: PlayContext) => TaskList, options = {}) =>
  play('p', { hosts: 'all', ...options }, tasks, { h1: ok('h1'), h2: ok('h2') })
const sorted = (story: readonly string[]): string[] => [...story].sort()

t.test('flush_handlers runs the notified handlers; those notified later run again at the end', async (t) => {
  const { story } = await runSteps([
    playOf(() => [
      script('one', { text: ':', notify: 'h1' }),
      meta('flush_handlers'),
      script('two', { text: ':', notify: ['h1', 'h2'] }),
    ]),
  ])
  t.strictSame(story, ['a one: changed', 'a h1: changed', 'a two: changed', 'a h1: changed', 'a h2: changed'])
})

t.test('a second run with flush_handlers needs one round trip', async (t) => {
  const steps = [
    playOf(() => [
      line('one', { path: at('one'), is: '1', notify: 'h1' }),
      meta('flush_handlers'),
      line('two', { path: at('two'), is: '2' }),
    ]),
  ]
  t.strictSame((await runSteps(steps)).story, ['a one: changed', 'a h1: changed', 'a two: changed'])
  const second = await runSteps(steps)
  t.strictSame(second.story, ['a one: ok', 'a two: ok'])
  t.equal(second.exchanges.a, 1)
})

t.test(
  'changes after flush_handlers are not sent with those before it, and are probed after the handlers',
  async (t) => {
    const { story, results } = await runSteps([
      play(
        'p',
        { hosts: 'all' },
        () => [
          line('one', { path: at('first'), is: '1', notify: 'write' }),
          meta('flush_handlers'),
          line('two', { path: at('second'), is: 'by the task' }),
        ],
        { write: script({ text: `printf 'by the handler' >${at('second')}` }) },
      ),
    ])
    t.strictSame(story, ['a one: changed', 'a write: changed', 'a two: changed'])
    t.equal(results.at(-1)?.changes[0]?.diff?.before, 'by the handler')
  },
)

t.test('end_host ends the play for the hosts that meet its condition; the next play has them', async (t) => {
  const { story, exitCode, events } = await runSteps(
    [
      playOf(() => [
        script('one', { text: ':', notify: 'h1' }),
        meta('end_host', { when: ({ host }) => host === 'a' }),
        ok('two'),
      ]),
      playOf(() => [ok('next')]),
    ],
    { hosts: ['a', 'b'] },
  )
  t.strictSame(sorted(story), [
    'a next: changed',
    'a one: changed',
    'b h1: changed',
    'b next: changed',
    'b one: changed',
    'b two: changed',
  ])
  t.equal(exitCode, 0)
  t.match(events.at(-1), { hosts: { a: { ok: 2, skipped: 0 } } }, 'meta does not count')
})

t.test('end_play: the first host decides for all, after the tasks before it; later batches do not run', async (t) => {
  const steps = (decides: string) => [
    playOf(() => [ok('one'), meta('end_play', { when: ({ host }) => host === decides }), ok('two')], {
      serial: 2,
    }),
    playOf(() => [ok('next')]),
  ]
  const hosts = ['a', 'b', 'c']
  const next = hosts.map((host) => `${host} next: changed`)
  t.strictSame(
    sorted((await runSteps(steps('a'), { hosts, forks: 1 })).story),
    sorted(['a one: changed', 'b one: changed', ...next]),
  )
  t.equal((await runSteps(steps('b'), { hosts })).story.length, 9, 'another host does not decide')
})

t.test('end_batch ends the batch; the next one starts', async (t) => {
  const { story } = await runSteps([playOf(() => [ok('one'), meta('end_batch'), ok('two')], { serial: 1 })], {
    hosts: ['a', 'b'],
  })
  t.strictSame(story, ['a one: changed', 'b one: changed'])
})

t.test('clear_facts: a later play gathers them again', async (t) => {
  const gather = (tasks: TaskList) => playOf(() => tasks, { gather_facts: true })
  const facts: number[] = []
  const seen = playOf(({ facts: known }) => {
    facts.push(Object.keys(known).length)
    return []
  })
  const { story } = await runSteps([
    gather([ok('one')]),
    seen,
    gather([meta('clear_facts')]),
    seen,
    gather([ok('two')]),
  ])
  t.strictSame(
    story.map((item) => item.replace(/:.*/, '')),
    ['a Gather facts', 'a one', 'a Gather facts', 'a two'],
  )
  t.ok((facts[0] ?? 0) > 0)
  t.equal(facts[1], 0)
})

t.test('the failure of a handler that is flushed in a block is rescued', async (t) => {
  const { story, exitCode } = await runSteps([
    play(
      'p',
      { hosts: 'all' },
      () => [
        block({
          block: [script('one', { text: ':', notify: ['bad', 'good'] }), meta('flush_handlers'), ok('two')],
          rescue: [ok('rescue')],
        }),
      ],
      { bad: script({ text: 'exit 1' }), good: ok('good') },
    ),
  ])
  t.strictSame(story, ['a one: changed', 'a bad: failed', 'a rescue: changed', 'a good: changed'])
  t.equal(exitCode, 0)
})

t.test('check mode: what follows an unknown end_host is unknown', async (t) => {
  const said = register<{ said: string }>('said')
  const steps = [
    playOf(() => [
      script('say', { text: 'printf yes', register: said }),
      meta('end_host', { when: (on) => on.value(said).said === 'yes' }),
      line('after', { path: at('after'), is: '1' }),
    ]),
  ]
  const checked = await runSteps(steps, { check: true })
  t.strictSame(checked.story, ['a say: changed', 'a meta : end_host: unknown', 'a after: unknown'])
  t.strictSame((await runSteps(steps)).story, ['a say: changed'])
})

t.test('a condition that throws fails the host', async (t) => {
  const { story, results } = await runSteps([
    playOf(() => [
      meta('end_host', {
        when: () => {
          throw new Error('no such variable')
        },
      }),
      ok('after'),
    ]),
  ])
  t.strictSame(story, ['a meta : end_host: failed'])
  t.match(results[0]?.message, /meta\.test\.ts:\d+:\d+: when: no such variable/)
})

t.test('tags select meta tasks', async (t) => {
  const { story } = await runSteps([playOf(() => [meta('end_host', { tags: 'never' }), ok('one')])])
  t.strictSame(story, ['a one: changed'])
})

for (const [action, keywords, message] of [
  ['reset_connection', {}, /^meta: reset_connection is not supported: use/],
  ['end_pla', {}, /^meta: end_pla is unknown; valid actions: flush_handlers, /],
  ['end_host', { register: register('x') }, /^meta: register is not supported; meta takes when and tags$/],
] as unknown as [MetaAction, MetaKeywords, RegExp][])
  t.test(`refused: meta ${action}`, (t) => {
    t.throws(() => meta(action, keywords), { name: 'TypeError', message })
    t.end()
  })
