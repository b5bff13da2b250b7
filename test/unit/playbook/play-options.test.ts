import t from 'tap'
import { debug } from '../../../src/modules/core/debug.ts'
import { play } from '../../../src/playbook/play.ts'
import { runSteps } from '../../support/play-run.ts'

/** A playbook in JavaScript, or one with a cast, is not type-checked. */
const untyped = (options: object) => () => play('Play', options as { hosts: string }, () => [])

for (const [options, message] of [
  [{ hosts: 'all', any_error_fatal: true }, 'unknown option any_error_fatal: did you mean any_errors_fatal?'],
  [{ hosts: 'all', colour: 'red' }, 'unknown option colour'],
  [{ host: 'all' }, 'hosts is missing'],
  [{ hosts: ['a', 'b'] }, 'hosts must be a host pattern, not ["a","b"]'],
  [{ hosts: 'all', become: 'no' }, 'become must be true or false, not "no"'],
  [{ hosts: 'all', gather_facts: 1 }, 'gather_facts must be true or false, not 1'],
  [
    { hosts: 'all', serial: '3' },
    'serial must be a whole number, a percentage such as \'30%\', or a list of both, not "3"',
  ],
  [
    { hosts: 'all', serial: -1 },
    "serial must be a whole number, a percentage such as '30%', or a list of both, not -1",
  ],
  [
    { hosts: 'all', serial: [] },
    "serial must be a whole number, a percentage such as '30%', or a list of both, not []",
  ],
  [{ hosts: 'all', max_fail_percentage: 101 }, 'max_fail_percentage must be a number from 0 to 100, not 101'],
  [{ hosts: 'all', tags: [1] }, 'tags must be a string or a list of strings, not [1]'],
  [{ hosts: 'all', tags: new Array(1) }, 'tags must be a string or a list of strings, not [null]'],
  [{ hosts: 'all', vars: Promise.resolve({}) }, 'vars must be a mapping, not {}'],
  [{ hosts: 'all', vars: new Map([['a', 1]]) }, 'vars must be a mapping, not {}'],
  [{ hosts: 'all', disturbs: true }, 'disturbs must be a function, not true'],
] as const)
  t.test(`play options ${JSON.stringify(options)} are refused`, (t) => {
    t.throws(untyped(options), new TypeError(`play "Play": ${message}`))
    t.end()
  })

for (const options of [
  { hosts: 'all', serial: 0 },
  { hosts: 'all', serial: '12.5%' },
  { hosts: 'all', serial: [1, '50%'] },
  { hosts: 'all', max_fail_percentage: 0, become: undefined },
])
  t.test(`play options ${JSON.stringify(options)} are accepted`, (t) => {
    t.doesNotThrow(untyped(options))
    t.end()
  })

const untypedDebug = (keywords: object) => () => debug({ msg: 'x', ...(keywords as { when?: boolean }) })

for (const [keywords, message] of [
  [{ when: 'false' }, 'when must be true, false or a function, not "false"'],
  [{ retries: '2' }, 'retries must be a whole number, 0 or more, not "2"'],
  [{ retries: 1.5 }, 'retries must be a whole number, 0 or more, not 1.5'],
  [{ delay: -1 }, 'delay must be a number of seconds, 0 or more, not -1'],
  [{ until: true }, 'until must be a function, not true'],
  [{ changed_when: 'never' }, 'changed_when must be true, false or a function, not "never"'],
  [{ failed_when: 0 }, 'failed_when must be true, false or a function, not 0'],
  [{ ignore_errors: 'yes' }, 'ignore_errors must be true or false, not "yes"'],
  [{ run_once: 1 }, 'run_once must be true or false, not 1'],
  [{ notify: [1] }, 'notify must be a string or a list of strings, not a list'],
  [{ register: 'name' }, 'register must be made by register(\'name\'), not "name"'],
  [{ delegate_to: '' }, 'delegate_to must be a string that is not empty, not ""'],
  [{ become: null }, 'become must be true or false, not null'],
  [{ no_log: 'no' }, 'no_log must be true or false, not "no"'],
  [{ timeout: 0 }, 'timeout must be a number of seconds above 0, not 0'],
  [{ delay: Number.NaN }, 'delay must be a number of seconds, 0 or more, not NaN'],
  [{ timeout: 0 }, 'timeout must be a number of seconds above 0, not 0'],
  [
    { environment: new Map([['PORT', '80']]) },
    'environment must be a mapping of names to strings, not a value of type object',
  ],
  [{ environment: { PORT: 80 } }, 'environment must be a mapping of names to strings, not a value of type object'],
] as const)
  t.test(`task keywords ${JSON.stringify(keywords)} are refused`, (t) => {
    t.throws(untypedDebug(keywords), new TypeError(`debug: ${message}`))
    t.end()
  })

t.test('a keyword that a play function gives another type ends the run, with its location', async (t) => {
  const { events, story, exitCode } = await runSteps([
    play('Play', { hosts: 'all' }, () => [untypedDebug({ when: 'false' })()]),
  ])
  const [notice] = events.filter((event) => event.type === 'notice')
  t.match(
    notice?.message,
    /^[^ ]*play-options\.test\.ts:\d+:\d+: play "Play" on a: debug: when must be true, false or a function, not "false"$/,
  )
  t.strictSame(story, [])
  t.equal(exitCode, 1)
})

t.test('tasks without a function are refused', async (t) => {
  const list = [debug({ msg: 'x' })] as unknown as () => []
  t.throws(
    () => play('Play', { hosts: 'all' }, list),
    new TypeError('play "Play": tasks must be a function that returns a list: () => [...]'),
  )
})
