import t from 'tap'
import { Interrupted } from '../../../src/playbook/interrupted.ts'
import { block } from '../../../src/playbook/block.ts'
import { experiment } from '../../../src/playbook/experiment.ts'
import { play } from '../../../src/playbook/play.ts'
import { runSteps, script } from '../../support/play-run.ts'

const ok = (name: string) => script(name, { text: ':' })
const trial = experiment('trial', { hosts: 'all', disturbs: false, assertions: {} }, async () => {})

const steps = [
  play('first', { hosts: 'all', gather_facts: true }, () => [ok('one'), ok('two')]),
  trial,
  play('second', { hosts: 'all', serial: 1 }, ({ host }) => [
    ...(host === 'a' ? [ok('only a')] : []),
    block({ block: [ok('three'), ok('four')], rescue: [ok('repair')], always: [ok('clean')] }),
  ]),
  play('third', { hosts: 'all' }, () => [ok('one')]),
]

for (const { name, ran } of [
  { name: 'two', ran: ['two', 'trial', 'only a', 'three', 'four', 'clean', 'one'] },
  { name: 'trial', ran: ['trial', 'only a', 'three', 'four', 'clean', 'one'] },
  { name: 'f*r', ran: ['four', 'clean', 'one'] },
  { name: 'clean', ran: ['clean', 'one'] },
])
  t.test(`--start-at-task ${name}`, async (t) => {
    const { events, exitCode } = await runSteps(steps, { startAtTask: name })
    const names = events.flatMap((event) =>
      event.type === 'result'
        ? [event.task]
        : event.type === 'play_start' && event.kind === 'experiment'
          ? [event.play]
          : [],
    )
    t.strictSame(names, ['Gather facts', ...ran])
    t.equal(exitCode, 0)
  })

t.test('--start-at-task starts each host at the same place, in all batches of its play only', async (t) => {
  const { story } = await runSteps(steps, { startAtTask: 'three', hosts: ['a', 'b'] })
  t.strictSame(
    story.filter((item) => !item.includes('facts')),
    [
      'a three: changed',
      'a four: changed',
      'a clean: changed',
      'b three: changed',
      'b four: changed',
      'b clean: changed',
      'a one: changed',
      'b one: changed',
    ],
  )
})

t.test('--start-at-task runs all tasks of a later batch that does not have the task', async (t) => {
  const serial = play('p', { hosts: 'all', serial: 1 }, ({ host }) => [ok('prepare'), ok(`configure ${host}`)])
  const run = async (startAtTask: string) => (await runSteps([serial], { startAtTask, hosts: ['a', 'b', 'c'] })).story
  t.strictSame(await run('configure b'), ['b configure b: changed', 'c prepare: changed', 'c configure c: changed'])
})

for (const [name, hint] of [
  ['thre', 'did you mean "three"?'],
  ['repair', 'did you mean'],
  ['nothing like it', '--list-tasks shows the names'],
] as const)
  t.test(`--start-at-task ${name}: no such task`, async (t) => {
    const { story, events, exitCode } = await runSteps(steps, { startAtTask: name })
    t.strictSame(story, ['a Gather facts: ok'])
    t.equal(exitCode, 1)
    const notice = events.find((event) => event.type === 'notice')
    t.match(notice, { level: 'error' })
    t.ok(notice?.message.startsWith(`--start-at-task: no task or experiment is named "${name}"; nothing was changed`))
    if (name !== 'repair') t.match(notice?.message, new RegExp(`${hint.replace('?', '\\?')}$`))
  })

t.test('--step asks once for each task of all hosts, for handlers and for experiments', async (t) => {
  const asked: string[] = []
  const handlers = { restart: ok('restart') }
  const { story } = await runSteps(
    [play('p', { hosts: 'all' }, () => [script('one', { text: ':', notify: 'restart' }), ok('two')], handlers), trial],
    {
      hosts: ['a', 'b'],
      confirm: async (title) => {
        asked.push(title)
        return title !== 'two' && title !== 'trial'
      },
    },
  )
  t.strictSame(asked, ['one', 'two', 'restart', 'trial'])
  t.strictSame(story, ['a one: changed', 'b one: changed', 'a restart: changed', 'b restart: changed'])
})

t.test('--step: a cancelled prompt interrupts the run', async (t) => {
  const { story, exitCode } = await runSteps([play('p', { hosts: 'all' }, () => [ok('one')])], {
    confirm: () => Promise.reject(new Interrupted()),
  })
  t.strictSame(story, [])
  t.equal(exitCode, 130)
})
