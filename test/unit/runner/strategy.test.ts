import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { orderHosts } from '../../../src/runner/host-order.ts'
import { Lockstep, mergedOrder } from '../../../src/runner/lockstep.ts'
import { play, type PlayContext, type TaskList } from '../../../src/playbook/play.ts'
import type { PlayOptions } from '../../../src/playbook/play-options.ts'
import { line, runSteps, script } from '../../support/play-run.ts'

const folder = t.testdir()
const at = (name: string): string => path.join(folder, name)
const hosts = ['c', 'a', 'b']
const ok = (name: string) => script(name, { text: ':' })
const playOf = (options: Partial<PlayOptions>, tasks: (context: PlayContext) => TaskList, handlers = {}) =>
  play('p', { hosts: 'all', ...options }, tasks, handlers)

t.test('strategy linear: all hosts end a task before one starts the next, also with fewer forks', async (t) => {
  for (const forks of [1, 2, 5]) {
    const { events, story } = await runSteps(
      [
        playOf(
          { strategy: 'linear' },
          ({ host }) => [script('one', { text: ':', notify: 'h' }), ...(host === 'a' ? [] : [ok('two')]), ok('three')],
          { h: ok('h') },
        ),
      ],
      { hosts, forks },
    )
    const tasks = events.flatMap((event) => (event.type === 'result' ? [event.task] : []))
    t.strictSame(tasks, ['one', 'one', 'one', 'two', 'two', 'three', 'three', 'three', 'h', 'h', 'h'], `forks ${forks}`)
    t.equal(story.length, 11)
  }
})

t.test('strategy linear: a host sees what other hosts changed in the task before', async (t) => {
  const shared = at('shared')
  const steps = [
    playOf({ strategy: 'linear' }, ({ host }) => [
      host === 'a' ? line('write', { path: shared, is: 'new' }) : ok('other'),
      line('use', { path: shared, is: 'new' }),
    ]),
  ]
  writeFileSync(shared, 'old')
  const first = await runSteps(steps, { hosts: ['a', 'b'] })
  t.ok(first.story.includes('b use: ok'), first.story.join())
  const same = [
    playOf({ strategy: 'linear' }, () => [
      line('x', { path: at('x'), is: '1' }),
      line('y', { path: at('y'), is: '1' }),
    ]),
  ]
  await runSteps(same, { hosts: ['a', 'b'] })
  t.strictSame((await runSteps(same, { hosts: ['a', 'b'] })).exchanges, { a: 1, b: 1 }, 'a second run')
})

t.test('without a strategy, hosts do not wait for each other', async (t) => {
  const { story } = await runSteps([playOf({}, () => [ok('one'), ok('two')])], { hosts: ['a', 'b'], forks: 1 })
  t.strictSame(story, ['a one: changed', 'a two: changed', 'b one: changed', 'b two: changed'])
})

t.test('throttle limits the hosts that run a task at the same time', async (t) => {
  const log = at('log')
  const steps = (throttle: number, options: Partial<PlayOptions> = {}) => [
    playOf(options, () => [script('work', { text: `echo + >>${log}; sleep 0.02; echo - >>${log}`, throttle })]),
  ]
  const concurrent = async (playSteps: ReturnType<typeof steps>): Promise<number> => {
    writeFileSync(log, '')
    await runSteps(playSteps, { hosts: ['a', 'b', 'c', 'd'], forks: 4, isConcurrent: true })
    let [running, most] = [0, 0]
    for (const mark of readFileSync(log, 'utf8').trim().split('\n')) {
      running += mark === '+' ? 1 : -1
      most = Math.max(most, running)
    }
    return most
  }
  t.equal(await concurrent(steps(1)), 1)
  t.ok((await concurrent(steps(2, { strategy: 'linear' }))) <= 2)
  t.ok((await concurrent(steps(0))) > 1, '0: no limit')
  t.equal(await concurrent([playOf({ throttle: 1 }, () => [ok('x')])]), 0)
})

for (const { options, forced, ran } of [
  { options: {}, forced: false, ran: false },
  { options: {}, forced: true, ran: true },
  { options: { force_handlers: true }, forced: false, ran: true },
  { options: { force_handlers: false }, forced: true, ran: false },
])
  t.test(
    `force_handlers ${options.force_handlers}, --force-handlers ${forced}: handlers ${ran ? '' : 'do not '}run`,
    async (t) => {
      const steps = [
        playOf(options, () => [script('one', { text: ':', notify: 'h' }), script('two', { text: 'exit 1' })], {
          h: ok('h'),
        }),
      ]
      const { story, exitCode } = await runSteps(steps, { forceHandlers: forced })
      t.strictSame(story, ['a one: changed', 'a two: failed', ...(ran ? ['a h: changed'] : [])])
      t.equal(exitCode, 2)
    },
  )

for (const [order, expected] of [
  [undefined, 'c a b'],
  ['inventory', 'c a b'],
  ['reverse_inventory', 'b a c'],
  ['sorted', 'a b c'],
  ['reverse_sorted', 'c b a'],
] as const)
  t.test(`order ${order}`, async (t) => {
    const { story } = await runSteps([playOf({ ...(order && { order }), serial: 1 }, () => [ok('x')])], { hosts })
    t.equal(story.map((item) => item[0]).join(' '), expected)
  })

t.test('order shuffle has each host once', (t) => {
  const names = Array.from({ length: 30 }, (_, i) => ({ name: String(i) }))
  const [one, two] = [orderHosts(names, 'shuffle'), orderHosts(names, 'shuffle')]
  t.strictSame(new Set(one), new Set(names))
  t.not(one.map(({ name }) => name).join(), two.map(({ name }) => name).join())
  t.end()
})

t.test('the lists of hosts are merged in their order', (t) => {
  const order = mergedOrder([
    ['a', 'c', 'e'],
    ['a', 'b', 'c', 'f'],
    ['d', 'e'],
  ])
  for (const [before, after] of [
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'e'],
    ['c', 'f'],
    ['d', 'e'],
    ['a', 'c'],
  ] as const)
    t.ok((order.get(before) ?? 9) < (order.get(after) ?? 0), `${before} before ${after}`)
  t.equal(order.size, 6)
  t.end()
})

t.test('lists in contradicting orders block nobody', async (t) => {
  const { story } = await runSteps(
    [playOf({ strategy: 'linear' }, ({ host }) => (host === 'a' ? [ok('x'), ok('y')] : [ok('y'), ok('x')]))],
    { hosts: ['a', 'b'] },
  )
  t.equal(story.length, 4)
})

t.test('a host that leaves or is woken does not hold up the others', async (t) => {
  const lockstep = new Lockstep(['a', 'b', 'c'])
  const [first, later] = [lockstep.reach('a', [0]), lockstep.reach('b', [1])]
  lockstep.leave('c')
  await first
  lockstep.leave('a')
  await later
  const woken = new Lockstep(['a', 'b'])
  const waiting = woken.reach('b', [5])
  woken.wake('b')
  await waiting
  t.pass('nobody waits')
})
