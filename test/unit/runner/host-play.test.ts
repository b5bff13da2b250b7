import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { defineModule } from '../../../src/modules/task.ts'
import { play, PlaybookError } from '../../../src/playbook/play.ts'
import { register } from '../../../src/values/reference.ts'
import { line, present, runSteps, script } from '../../support/play-run.ts'

const folder = t.testdir()
const at = (name: string): string => path.join(folder, name)
const read = (name: string): string => readFileSync(at(name), 'utf8')

t.test('a first run changes, a second run changes nothing in one round trip', async (t) => {
  const steps = [
    play('p', { hosts: 'all' }, () =>
      ['x', 'y', 'z'].map((name) => line(`write ${name}`, { path: at(name), is: name })),
    ),
  ]
  const first = await runSteps(steps)
  t.same(first.story, ['a write x: changed', 'a write y: changed', 'a write z: changed'])
  t.equal(first.exchanges.a, 2, 'one round trip for the probes, one for all independent changes')
  t.equal(read('z'), 'z')
  const second = await runSteps(steps)
  t.same(second.story, ['a write x: ok', 'a write y: ok', 'a write z: ok'])
  t.equal(second.exchanges.a, 1)
})

t.test('check mode changes nothing and shows what the run then does', async (t) => {
  const steps = [
    play('p', { hosts: 'all' }, () => [
      line('make', { path: at('checked'), is: '1' }),
      present('needs it', { path: at('checked') }),
    ]),
  ]
  const checked = await runSteps(steps, { check: true })
  t.same(checked.story, ['a make: changed', 'a needs it: unknown'])
  t.match(checked.results[1]?.message, /^depends on "make", which has not run yet: .*checked is not there/)
  t.throws(() => read('checked'))
  t.equal(checked.exitCode, 0)
  const done = await runSteps(steps)
  t.same(done.story, ['a make: changed', 'a needs it: ok'])
  t.same(done.results[0]?.changes, checked.results[0]?.changes)
})

t.test('a failed host leaves the play, others continue', async (t) => {
  const steps = [
    play('p', { hosts: 'all' }, ({ host }) => [
      script('work', { text: host === 'a' ? 'echo broken >&2; exit 3' : ':' }),
      script('more', { text: ':' }),
    ]),
    play('q', { hosts: 'all' }, () => [script('last', { text: ':' })]),
  ]
  const ran = await runSteps(steps, { hosts: ['a', 'b'] })
  t.same(
    ran.story.filter((item) => item.startsWith('a')),
    ['a work: failed'],
  )
  t.same(
    ran.story.filter((item) => item.startsWith('b')),
    ['b work: changed', 'b more: changed', 'b last: changed'],
  )
  t.equal(ran.results.find(({ host }) => host === 'a')?.message, 'broken')
  t.equal(ran.exitCode, 2)
})

t.test('an unreachable host is never a success', async (t) => {
  const ran = await runSteps([play('p', { hosts: 'all' }, () => [script('work', { text: ':' })])], {
    hosts: ['a', 'b'],
    dead: ['a'],
  })
  t.same([...ran.story].sort(), ['a work: unreachable', 'b work: changed'])
  t.equal(ran.exitCode, 4)
})

t.test('any_errors_fatal ends the play for all, and the run', async (t) => {
  const steps = [
    play('p', { hosts: 'all', serial: 1, any_errors_fatal: true }, () => [script('work', { text: 'exit 1' })]),
    play('next', { hosts: 'all' }, () => [script('more', { text: ':' })]),
  ]
  const ran = await runSteps(steps, { hosts: ['a', 'b'] })
  t.same(ran.story, ['a work: failed'], 'any_errors_fatal also ends the host that has not started')
  t.equal(ran.exitCode, 2)
  t.match(
    ran.events.filter(({ type }) => type === 'notice'),
    [{ level: 'warning', message: /play "p" sets any_errors_fatal/ }],
  )
  t.strictSame(
    (await runSteps(steps, { hosts: ['a', 'b'], check: true })).results.map(({ status }) => status),
    ['changed', 'changed', 'changed', 'changed'],
    'a predicted failure does not end the check',
  )
})

t.test('ignore_errors, failed_when and changed_when set the status', async (t) => {
  const ran = await runSteps([
    play('p', { hosts: 'all' }, () => [
      script('ignored', { text: 'exit 1', ignore_errors: true }),
      script('not a failure', { text: 'echo x; exit 1', failed_when: false }),
      script('a failure', {
        text: 'echo bad',
        failed_when: ({ values }) => values.said.includes('bad'),
        ignore_errors: true,
      }),
      script('no change', { text: 'echo same', changed_when: ({ stdout }) => !stdout.includes('same') }),
    ]),
  ])
  t.same(ran.story, ['a ignored: failed', 'a not a failure: changed', 'a a failure: failed', 'a no change: ok'])
  t.equal(ran.exitCode, 0)
})

t.test('when and registered values are evaluated', async (t) => {
  const said = register<{ said: string }>('said')
  const steps = [
    play('p', { hosts: 'all' }, () => [
      script('say', { text: 'printf hello', register: said }),
      line('keep', { path: at('said'), is: said.map((value) => value.said) }),
      script('not here', { text: ':', when: (on) => on.value(said).said === 'other' }),
      script('never', { text: ':', when: false }),
    ]),
  ]
  t.same((await runSteps(steps)).story, [
    'a say: changed',
    'a keep: changed',
    'a not here: skipped',
    'a never: skipped',
  ])
  t.equal(read('said'), 'hello')
  const checked = await runSteps(steps, { check: true })
  t.same(checked.story, ['a say: changed', 'a keep: unknown', 'a not here: unknown', 'a never: skipped'])
  t.match(checked.results[1]?.message, /depends on "say", which has not run yet/)
})

t.test('a registered value of another host is available', async (t) => {
  const said = register<{ said: string }>('said')
  const ran = await runSteps(
    [
      play('p', { hosts: 'a' }, () => [script('say', { text: 'printf "from a"', register: said })]),
      play('q', { hosts: 'b' }, () => [
        line('keep', { path: at('other'), is: said.on('a').map((value) => value.said) }),
      ]),
    ],
    { hosts: ['a', 'b'] },
  )
  t.equal(ran.exitCode, 0)
  t.equal(read('other'), 'from a')
})

t.test('run_once runs on the first host and all get its result', async (t) => {
  const said = register<{ said: string }>('said')
  const ran = await runSteps(
    [
      play('p', { hosts: 'all' }, ({ host }) => [
        script('say', { text: `printf ${host}`, run_once: true, register: said }),
        line(`keep`, { path: at(`once-${host}`), is: said.map((value) => value.said) }),
      ]),
    ],
    { hosts: ['a', 'b', 'c'], forks: 1 },
  )
  t.same(
    ran.story.filter((item) => item.includes('say')),
    ['a say: changed'],
  )
  t.same(
    ['a', 'b', 'c'].map((host) => read(`once-${host}`)),
    ['a', 'a', 'a'],
  )
})

t.test('a run_once task passes to the next host when the first has failed before it', async (t) => {
  const ran = await runSteps(
    [
      play('p', { hosts: 'all' }, ({ host }) => [
        script('before', { text: host === 'a' ? 'exit 1' : ':' }),
        script('once', { text: ':', run_once: true }),
      ]),
    ],
    { hosts: ['a', 'b', 'c'] },
  )
  t.same(
    ran.story.filter((item) => item.includes('once')),
    ['b once: changed'],
  )
})

t.test('delegate_to runs on the other host', async (t) => {
  const ran = await runSteps([play('p', { hosts: 'a' }, () => [script('there', { text: ':', delegate_to: 'b' })])], {
    hosts: ['a', 'b'],
  })
  t.same(ran.exchanges, { b: 2 })
  t.equal(ran.results[0]?.delegatedTo, 'b')
})

t.test('until retries, then fails', async (t) => {
  writeFileSync(at('tries'), '')
  const text = `echo x >>${at('tries')}; wc -l <${at('tries')}`
  const ran = await runSteps([
    play('p', { hosts: 'all' }, () => [
      script('third time', { text, retries: 5, delay: 0, until: ({ stdout }) => stdout.trim() === '3' }),
      script('in vain', { text: 'echo no', retries: 1, delay: 0, until: ({ stdout }) => stdout.includes('yes') }),
    ]),
  ])
  t.same(ran.story, ['a third time: changed', 'a in vain: failed'])
  t.same(
    ran.results.map(({ attempts }) => attempts),
    [3, 2],
  )
})

t.test('tags select tasks', async (t) => {
  const steps = [
    play('p', { hosts: 'all', tags: 'base' }, () => [
      script('one', { text: ':', tags: ['w, x'] }),
      script('two', { text: ':', tags: ['y', 'never'] }),
      script('three', { text: ':', tags: 'always' }),
    ]),
  ]
  const chosen = async (tags: string[], skipTags: string[] = []): Promise<string[]> =>
    (await runSteps(steps, { tags, skipTags })).results.map(({ task }) => task)
  t.same(await chosen([]), ['one', 'three'])
  t.same(await chosen(['x']), ['one', 'three'])
  t.same(await chosen(['y']), ['two', 'three'])
  t.same(await chosen(['base'], ['x']), ['two', 'three'])
})

t.test('a change that does not reach the desired state is a failure', async (t) => {
  const ran = await runSteps([play('p', { hosts: 'all' }, () => [line('write', { path: '/dev/null', is: 'x' })])])
  t.same(ran.story, ['a write: failed'])
  t.match(ran.results[0]?.message, /changes applied, but the host is not in the desired state/)
})

t.test('a change that may be needed again at once is no failure', async (t) => {
  const { definition } = line
  const changing = defineModule({
    ...definition,
    plan: (...given) => {
      const plan = definition.plan(...given)
      return { ...plan, changes: plan.changes.map((change) => ({ ...change, recurs: true })) }
    },
  })
  const ran = await runSteps([play('p', { hosts: 'all' }, () => [changing('write', { path: '/dev/null', is: 'x' })])])
  t.same(ran.story, ['a write: changed'])
})

t.test('invalid parameters are reported with their location in the playbook', async (t) => {
  const wrong = { path: at('x'), is: 'x', mood: 'good' } as unknown as { path: string; is: string }
  const ran = await runSteps([play('p', { hosts: 'all' }, () => [line('write', wrong)])])
  t.match(ran.results[0]?.message, /play\.test\.ts:\d+:\d+: line: .*mood/)
})

t.test('extra variables override the play and the inventory', async (t) => {
  const seen: unknown[] = []
  const step = play('p', { hosts: 'all', vars: { ansible_host: 'play', own: 'play' } }, ({ vars }) => {
    seen.push(vars.ansible_host, vars.own)
    return []
  })
  await runSteps([step], { extraVars: { own: 'extra' } })
  t.same(seen, ['play', 'extra'])
})

t.test('check mode: a host that an earlier task creates is unknown', async (t) => {
  const steps = [
    play('make it', { hosts: 'a' }, () => [script('boot b', { text: ':' })]),
    play('use it', { hosts: 'b' }, () => [script('first', { text: ':' }), script('second', { text: ':' })]),
  ]
  const ran = await runSteps(steps, { hosts: ['a', 'b'], dead: ['b'], check: true })
  t.same(ran.story, ['a boot b: changed', 'b first: unknown', 'b second: unknown'])
  t.equal(ran.results[1]?.message, 'depends on "boot b", which has not run yet: b: no route')
  t.equal(ran.results[2]?.message, 'depends on "boot b", which has not run yet', 'the reason is given once')
  t.equal(ran.exchanges.b, 1, 'the connection is attempted once')
  t.equal(ran.exitCode, 0)
})

t.test('a PlaybookError is reported, and the event log is completed', async (t) => {
  const ran = await runSteps([
    play('p', { hosts: 'all' }, () => {
      throw new PlaybookError('no host in group registry')
    }),
  ])
  t.match(ran, { status: 'failed', exitCode: 1 })
  t.match(
    ran.events.filter((event) => event.type === 'notice'),
    [{ level: 'error', message: 'no host in group registry' }],
  )
  t.equal(ran.events.at(-1)?.type, 'run_end')
})
