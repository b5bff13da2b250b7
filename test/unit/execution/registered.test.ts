import t from 'tap'
import { command } from '../../../src/modules/core/command.ts'
import { debug } from '../../../src/modules/core/debug.ts'
import type { CommandValues } from '../../../src/modules/support/run-command.ts'
import { play } from '../../../src/playbook/play.ts'
import { register } from '../../../src/values/reference.ts'
import { plainScreen } from '../../../src/ui/plain-screen.ts'
import { present, runSteps } from '../../support/play-run.ts'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'

const found = register<CommandValues>('found')

for (const read_only of [true, false])
  t.test(`a failed command (read_only: ${read_only}) registers its return code and output`, async (t) => {
    const { story, results } = await runSteps([
      play('Play', { hosts: 'all' }, () => [
        command('Fail', { argv: ['sh', '-c', 'echo out; exit 3'], read_only, register: found, ignore_errors: true }),
        debug('When it is 3', { msg: found.map(({ stdout }) => stdout), when: ({ value }) => value(found).rc === 3 }),
        debug('When it is 0', { msg: 'x', when: ({ value }) => value(found).rc === 0 }),
      ]),
    ])
    t.strictSame(story, ['a Fail: failed', 'a When it is 3: ok', 'a When it is 0: skipped'])
    t.equal(results[1]?.msg, 'out')
  })

t.test('a task that reads the value of a task that failed without one fails, and names it', async (t) => {
  const there = register<{ readonly path: string }>('there')
  const { story, results } = await runSteps([
    play('Play', { hosts: 'all' }, () => [
      present('Look', { path: '/nowhere/at/all', register: there, ignore_errors: true }),
      debug('Read', { msg: there.map(({ path }) => path) }),
    ]),
  ])
  t.strictSame(story, ['a Look: failed', 'a Read: failed'])
  t.equal(results[1]?.message, 'nothing is registered as "there": "Look" failed and returned no values')
})

for (const read_only of [true, false])
  t.test(`environment reaches a command (read_only: ${read_only})`, async (t) => {
    const seen = register<CommandValues>('seen')
    const { results } = await runSteps([
      play('Play', { hosts: 'all' }, () => [
        command('Read', {
          argv: ['sh', '-c', 'echo "$GREETING"'],
          environment: { GREETING: "it's $HOME" },
          read_only,
          register: seen,
        }),
        command('Other', { argv: ['sh', '-c', 'echo "[$GREETING]"'], read_only: true }),
        debug('Show', { msg: seen.map(({ stdout }) => stdout) }),
      ]),
    ])
    t.equal(results[2]?.msg, "it's $HOME")
    t.equal(results[1]?.stdout, '[]', 'no other task has it')
  })

t.test('debug shows all of a text or value, in events and on the screen', async (t) => {
  const long = `${'word '.repeat(60)}end`
  const { events, results } = await runSteps([
    play('Play', { hosts: 'all' }, () => [
      command('Read', { argv: ['echo', long], read_only: true, register: found }),
      debug('Text', { msg: `${long}\nsecond line` }),
      debug('Value', { msg: found }),
      debug('Hidden', { msg: 'hidden', no_log: true }),
      debug('Text again', { msg: long }),
      debug('Text again and again', { msg: long }),
    ]),
  ])
  t.equal(results[1]?.msg, `${long}\nsecond line`)
  t.match(JSON.parse(results[2]?.msg ?? ''), { rc: 0, stdout: long })
  t.equal(results[3]?.msg, undefined)
  const stream = new PassThrough()
  const screen = plainScreen(stream, { colour: false, links: false, diff: false, verbosity: 0 })
  for (const event of events) screen.show(event)
  await screen.close()
  stream.end()
  const shown = (await text(stream)).replaceAll(/\s+/g, ' ')
  t.equal(shown.split('end').length - 1, 6, 'each text is shown once, and the value, which has it three times')
  t.match(shown, '"rc": 0')
})
