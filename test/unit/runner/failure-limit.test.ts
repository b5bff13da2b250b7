import t from 'tap'
import type { PlayOptions } from '../../../src/playbook/play-options.ts'
import { play } from '../../../src/playbook/play.ts'
import { serialBatches } from '../../../src/runner/serial.ts'
import { runSteps, script } from '../../support/play-run.ts'

const hosts = ['a', 'b', 'c']
const notice = 'restart'

/** A play in which host a fails its second task. */
const failing = (options: PlayOptions) =>
  play(
    'first',
    options,
    ({ host }) => [
      script('one', { text: ':', notify: notice }),
      script('two', { text: host === 'a' ? 'exit 1' : ':' }),
      script('three', { text: ':' }),
    ],
    { [notice]: script({ text: ':' }) },
  )

// What ansible-core 2.19 does with the same plays.
for (const { name, options, next = 'all', ran, ends } of [
  { name: 'all hosts of a play', options: { hosts: 'a' }, next: 'b:c', ran: { a: 2, b: 0, c: 0 }, ends: true },
  { name: 'all hosts of a batch', options: { hosts: 'all', serial: 1 }, ran: { a: 2, b: 0, c: 0 }, ends: true },
  { name: 'one host of three', options: { hosts: 'all' }, ran: { a: 2, b: 5, c: 5 }, ends: false },
  {
    name: 'one host of a batch of two, 40 % may fail',
    options: { hosts: 'all', serial: 2, max_fail_percentage: 40 },
    ran: { a: 2, c: 0 },
    ends: true,
  },
  {
    name: 'one host of a batch of two, 50 % may fail',
    options: { hosts: 'all', serial: 2, max_fail_percentage: 50 },
    ran: { a: 2, b: 5, c: 5 },
    ends: false,
  },
  {
    name: 'one host of three, no host may fail',
    options: { hosts: 'all', max_fail_percentage: 0 },
    ran: { a: 2 },
    ends: true,
  },
] satisfies {
  name: string
  options: PlayOptions
  next?: string
  ran: Record<string, number>
  ends: boolean
}[]) {
  t.test(`${name} failed: the run ${ends ? 'ends' : 'goes on'}`, async (t) => {
    const steps = [failing(options), play('next', { hosts: next }, () => [script('more', { text: ':' })])]
    const { story, events, exitCode } = await runSteps(steps, { hosts })
    for (const [host, count] of Object.entries(ran))
      t.equal(story.filter((line) => line.startsWith(`${host} `)).length, count, `results of ${host}: ${story.join()}`)
    t.equal(
      story.some((line) => line.includes('more')),
      !ends,
      'the next play',
    )
    t.equal(exitCode, 2)
    const warnings = events.filter((event) => event.type === 'notice').map(({ message }) => message)
    t.match(warnings.join(), ends ? /^play "first" .*: ending the run$/ : /^$/)
  })
}

t.test('the last play of a run that failed on all hosts has no warning that the run ends', async (t) => {
  const { events } = await runSteps([failing({ hosts: 'a' })], { hosts })
  t.strictSame(
    events.filter((event) => event.type === 'notice'),
    [],
  )
})

for (const [serial, expected] of [
  [undefined, [5]],
  [0, [5]],
  [2, [2, 2, 1]],
  ['40%', [2, 2, 1]],
  ['10%', [1, 1, 1, 1, 1]],
  ['100%', [5]],
  [
    [1, '40%'],
    [1, 2, 2],
  ],
  [
    [1, 0],
    [1, 4],
  ],
  [7, [5]],
] as const)
  t.test(`serial ${JSON.stringify(serial)} makes batches of ${expected.join(', ')} of five hosts`, (t) => {
    const batches = serialBatches([1, 2, 3, 4, 5], serial)
    t.strictSame(
      batches.map(({ length }) => length),
      expected,
    )
    t.strictSame(batches.flat(), [1, 2, 3, 4, 5], 'each host once, in order')
    t.end()
  })

t.test('a percentage of many hosts is rounded as in Ansible', (t) => {
  const hosts = Array.from({ length: 100 }, (_, i) => i)
  for (const [serial, first] of [
    ['29%', 28],
    ['57%', 56],
    ['30%', 30],
  ] as const)
    t.equal(serialBatches(hosts, serial)[0]?.length, first, serial)
  t.end()
})

t.test('no host makes no batch', (t) => {
  t.strictSame(serialBatches([], 2), [])
  t.end()
})
