import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { debug } from '../../../src/modules/core/debug.ts'
import { defineModule } from '../../../src/modules/task.ts'
import { block, type BlockOptions } from '../../../src/playbook/block.ts'
import { ansible_failed_result, ansible_failed_task } from '../../../src/execution/failed-task.ts'
import { flattenTasks, play, type TaskList } from '../../../src/playbook/play.ts'
import { register } from '../../../src/values/reference.ts'
import { line, present, runSteps, script } from '../../support/play-run.ts'

const folder = t.testdir()
const at = (name: string): string => path.join(folder, name)

const run = (tasks: TaskList, options: Parameters<typeof runSteps>[1] = {}) =>
  runSteps([play('p', { hosts: 'all' }, () => tasks)], options)

t.test('tasks inherit the keywords of their blocks; the innermost one counts', (t) => {
  const [task] = flattenTasks([
    block({
      block: [
        block({
          block: [script('x', { text: ':', tags: 'c', environment: { A: '3' }, timeout: 9 })],
          tags: ['b', 'a'],
          environment: { A: '2', B: '2' },
          become: true,
          timeout: 8,
        }),
      ],
      tags: 'a',
      environment: { A: '1', C: '1' },
      become: false,
      become_user: 'web',
      ignore_errors: true,
      any_errors_fatal: true,
      notify: 'restart',
      timeout: 7,
    }),
  ])
  t.strictSame(task?.keywords, {
    tags: ['c', 'b', 'a'],
    environment: { A: '3', B: '2', C: '1' },
    become: true,
    become_user: 'web',
    ignore_errors: true,
    any_errors_fatal: true,
    notify: 'restart',
    timeout: 9,
  })
  t.end()
})

t.test('when of a block is evaluated before that of its tasks, for each of them', async (t) => {
  const said = register<{ said: string }>('said')
  const never = (): boolean => {
    throw new Error('must not be evaluated')
  }
  const { story } = await run([
    block({ when: () => false, block: [script('skipped', { text: ':', when: never })] }),
    script('say', { text: 'printf 1', register: said }),
    block({
      when: (on) => on.value(said).said === '1',
      block: [script('say again', { text: 'printf 2', register: said }), script('no longer', { text: ':' })],
      rescue: [script('rescue', { text: ':' })],
      always: [script('not either', { text: ':' })],
    }),
    block({ when: true, block: [script('both', { text: ':', when: (on) => on.host === 'a' })] }),
  ])
  t.strictSame(story, [
    'a skipped: skipped',
    'a say: changed',
    'a say again: changed',
    'a no longer: skipped',
    'a not either: skipped',
    'a both: changed',
  ])
})

t.test('tags select tasks in blocks; without tasks that are selected there is no rescue', async (t) => {
  const tasks = [
    block({
      tags: 'x',
      block: [script('one', { text: 'exit 1' }), script('two', { text: ':', tags: 'never' })],
      rescue: [script('repair', { text: ':', tags: 'y' })],
      always: [script('clean', { text: ':' })],
    }),
  ]
  const all = await run(tasks, { tags: ['x'] })
  t.strictSame(all.story, ['a one: failed', 'a repair: changed', 'a clean: changed'])
  t.equal(all.exitCode, 0)
  const without = await run(tasks, { tags: ['x'], skipTags: ['y'] })
  t.strictSame(without.story, ['a one: failed', 'a clean: changed'])
  t.equal(without.exitCode, 2)
  t.strictSame((await run(tasks, { skipTags: ['x'] })).story, [])
})

t.test('a rescued failure counts as rescued, and rescue and always know which task failed', async (t) => {
  const name = { task: ansible_failed_task, result: ansible_failed_result }
  const ran = await run([
    block('Deploy', {
      block: [script('deploy', { text: 'echo out; echo broken >&2; exit 3' }), script('not run', { text: ':' })],
      rescue: [
        debug('rescue', {
          msg: name.task.map((task) => `${task.name} ${task.action}`),
        }),
      ],
      always: [debug('always', { msg: name.result.map(({ msg, rc, stderr }) => `${msg} ${rc} ${stderr.trim()}`) })],
    }),
  ])
  t.strictSame(ran.story, ['a deploy: failed', 'a rescue: ok', 'a always: ok'])
  t.strictSame(
    ran.results.map(({ msg }) => msg),
    [undefined, 'deploy script', 'broken 3 broken'],
  )
  t.match(ran.results[0], { ignored: false, rescued: true })
  t.match(ran.events.at(-1), { status: 'passed', hosts: { a: { ok: 2, failed: 0, rescued: 1 } } })
})

t.test('a second run of blocks needs one round trip, and prefetches no rescue', async (t) => {
  const tasks = [
    line('one', { path: at('one'), is: '1' }),
    block({
      block: [line('two', { path: at('two'), is: '2' })],
      rescue: [script('rescue', { text: ':' })],
      always: [line('three', { path: at('three'), is: '3' })],
    }),
    line('four', { path: at('four'), is: '4' }),
  ]
  t.equal((await run(tasks)).exchanges.a, 2, 'the probes, then all changes')
  const second = await run(tasks)
  t.strictSame(second.story, ['a one: ok', 'a two: ok', 'a three: ok', 'a four: ok'])
  t.equal(second.exchanges.a, 1)
})

t.test('a task after a failed one was not sent with it', async (t) => {
  writeFileSync(at('log'), '')
  const log = (name: string, status = 0) => script(name, { text: `echo ${name} >>${at('log')}; exit ${status}` })
  const ran = await run([
    line('before', { path: at('before'), is: '1' }),
    block({
      block: [log('fails', 1), line('skipped', { path: at('skipped'), is: '1' })],
      rescue: [log('rescue')],
      always: [line('always', { path: at('always'), is: '1' })],
    }),
    log('after'),
  ])
  t.strictSame(ran.story, [
    'a before: changed',
    'a fails: failed',
    'a rescue: changed',
    'a always: changed',
    'a after: changed',
  ])
  t.throws(() => readFileSync(at('skipped')))
  t.equal(readFileSync(at('log'), 'utf8'), 'fails\nrescue\nafter\n')
})

t.test('while a block fails, the changes after it are not sent with those of its always', async (t) => {
  const ran = await run([
    block({ block: [script('fails', { text: 'exit 1' })], always: [line('always', { path: at('end'), is: '1' })] }),
    line('after', { path: at('not-after'), is: '1' }),
  ])
  t.strictSame(ran.story, ['a fails: failed', 'a always: changed'])
  t.throws(() => readFileSync(at('not-after')))
})

t.test('check mode shows the rescue of a failure that the run will have, and of no other', async (t) => {
  const tasks = (needed: string): TaskList => [
    line('make', { path: at(`made-${needed}`), is: '1' }),
    block({
      block: [present('needs', { path: at(needed) })],
      rescue: [line('repair', { path: at(`repaired-${needed}`), is: '1' })],
      always: [line('clean', { path: at(`clean-${needed}`), is: '1' })],
    }),
  ]
  const missing = await run(tasks('missing'), { check: true })
  t.strictSame(missing.story, ['a make: changed', 'a needs: failed', 'a repair: changed', 'a clean: changed'])
  t.equal(missing.exitCode, 0)
  t.strictSame((await run(tasks('missing'))).story, missing.story, 'as in the run')
})

t.test('check mode: what a rescue would set is unknown if a task of its block is', async (t) => {
  const waits = defineModule({ ...present.definition, sets: () => [] })
  const tasks = [
    line('make', { path: at('soon'), is: '1' }),
    block({
      block: [waits('needs', { path: at('soon') })],
      rescue: [line('repair', { path: at('repaired'), is: '1' })],
      always: [line('clean', { path: at('clean'), is: '1' })],
    }),
    line('use', { path: at('repaired'), is: '2' }),
  ]
  const unknown = await run(tasks, { check: true })
  t.strictSame(unknown.story, ['a make: changed', 'a needs: unknown', 'a clean: changed', 'a use: unknown'])
  t.match(unknown.results.at(-1)?.message, /^depends on "repair"/)
  t.strictSame((await run(tasks)).story, ['a make: changed', 'a needs: ok', 'a clean: changed', 'a use: changed'])
})

t.test('run_once in a block: if it fails, all hosts run the rescue', async (t) => {
  const hosts = ['a', 'b', 'c']
  const ran = await run(
    [
      block({
        block: [script('once', { text: 'exit 1', run_once: true }), script('not run', { text: ':' })],
        rescue: [script('repair', { text: ':' })],
      }),
      script('after', { text: ':' }),
    ],
    { hosts, forks: 1 },
  )
  t.strictSame([...ran.story].sort(), [
    'a after: changed',
    'a once: failed',
    'a repair: changed',
    'b after: changed',
    'b repair: changed',
    'c after: changed',
    'c repair: changed',
  ])
  t.equal(ran.exitCode, 0)
})

t.test('run_once with ignore_errors excludes no host', async (t) => {
  const ran = await run(
    [script('once', { text: 'exit 1', run_once: true, ignore_errors: true }), script('after', { text: ':' })],
    { hosts: ['a', 'b'] },
  )
  t.strictSame([...ran.story].sort(), ['a after: changed', 'a once: failed', 'b after: changed'])
})

t.test('run_once in a rescue runs on the first host that fails', async (t) => {
  const ran = await runSteps(
    [
      play('p', { hosts: 'all' }, ({ host }) => [
        block({
          block: [script('work', { text: host === 'a' ? ':' : 'exit 1' })],
          rescue: [script('once', { text: ':', run_once: true })],
        }),
        script('once after', { text: ':', run_once: true }),
      ]),
    ],
    { hosts: ['a', 'b', 'c'] },
  )
  t.strictSame(ran.story.filter((item) => item.includes('once')).sort(), ['a once after: changed', 'b once: changed'])
})

t.test('a host that is unreachable is not rescued', async (t) => {
  const tasks = [
    block({
      block: [script('work', { text: ':' })],
      rescue: [script('rescue', { text: ':' })],
      always: [script('always', { text: ':' })],
    }),
  ]
  const ran = await run(tasks, { dead: ['a'] })
  t.strictSame(ran.story, ['a work: unreachable'])
  t.equal(ran.exitCode, 4)
})

t.test('ignore_unreachable keeps the host in the play: the failure is ignored', async (t) => {
  const ran = await run(
    [
      script('ignored', { text: ':', ignore_unreachable: true }),
      script('counts', { text: ':' }),
      script('not run', { text: ':' }),
    ],
    { dead: ['a'] },
  )
  t.strictSame(ran.story, ['a ignored: unreachable', 'a counts: unreachable'])
  t.match(ran.events.at(-1), { exitCode: 4, hosts: { a: { ok: 1, ignored: 1, unreachable: 1 } } })
  const play_ = play('p', { hosts: 'all', ignore_unreachable: true, gather_facts: true }, () => [
    script('ignored', { text: ':' }),
  ])
  const all = await runSteps([play_], { dead: ['a'] })
  t.strictSame(all.story, ['a Gather facts: unreachable', 'a ignored: unreachable'])
  t.equal(all.exitCode, 0)
})

for (const { options, message } of [
  { options: { rescue: [] }, message: 'block: its list of tasks "block" is missing' },
  { options: { block: [], register: register('x') }, message: 'block: a block has no keyword register' },
  { options: { block: [], whne: true }, message: 'block: a block has no keyword whne: did you mean when?' },
  { options: { block: [], throttle: -1 }, message: 'block: throttle must be a whole number, 0 or more, not -1' },
  { options: { block: {} }, message: 'block: block must be a list of tasks' },
  { options: { block: [], loop: [1] }, message: 'block: loop is not supported: tasks are data' },
] as unknown as { options: BlockOptions; message: string }[])
  t.test(`refused: ${message}`, (t) => {
    t.throws(() => block(options), { name: 'TypeError', message: new RegExp(`^${message.replace(/[?]/g, '\\?')}`) })
    t.end()
  })

for (const [keyword, message] of [
  ['async', /async is not supported, as nothing runs in the background: .* set timeout$/],
  ['poll', /poll is not supported/],
  ['with_items', /with_items is not supported: tasks are data/],
  ['remote_user', /remote_user is a variable of the host: set ansible_user/],
] as const)
  t.test(`a task refuses ${keyword}`, (t) => {
    t.throws(() => script('x', { text: ':', [keyword]: 1 } as unknown as { text: string }), { message })
    t.end()
  })
