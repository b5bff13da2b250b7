import t from 'tap'
import { debug } from '../../../src/modules/core/debug.ts'
import { experiment } from '../../../src/playbook/experiment.ts'
import { play } from '../../../src/playbook/play.ts'
import { runSteps, type PlayRun } from '../../support/play-run.ts'

const said = ({ events }: PlayRun): string[] =>
  events.filter((event) => event.type === 'notice').map(({ level, message }) => `${level}: ${message}`)
const hello = (): ReturnType<typeof debug>[] => [debug('Say hello', { msg: 'hello' })]

t.test('a play whose pattern matches no host is skipped, and the run continues', async (t) => {
  const ran = await runSteps([
    play('Docker', { hosts: 'docker' }, hello),
    play('Docker again', { hosts: 'docker[0]:!docker' }, hello),
    play('All', { hosts: 'all' }, hello),
  ])
  t.strictSame(ran.story, ['a Say hello: ok'])
  t.strictSame(
    said(ran),
    [
      'warning: Could not match supplied host pattern, ignoring: docker (the groups are all, ungrouped)',
      'info: play "Docker": skipping: no hosts matched docker',
      'warning: Could not match supplied host pattern, ignoring: docker[0] (the groups are all, ungrouped)',
      'info: play "Docker again": skipping: no hosts matched docker[0]:!docker',
    ],
    'each skipped play is logged once',
  )
  t.match(ran, { status: 'passed', exitCode: 0 })
})

t.test('an experiment whose pattern matches no host is inconclusive, with the reason', async (t) => {
  const ran = await runSteps([
    experiment('Drain', { hosts: 'swarm', disturbs: false, assertions: { 'drain.moves': 'Tasks move' } }, async () => {
      t.fail('is not run')
    }),
    play('All', { hosts: 'all' }, hello),
  ])
  t.match(
    ran.events.filter((event) => event.type === 'finding'),
    [{ id: 'drain.moves', holds: null, detail: 'no hosts match swarm' }],
  )
  t.strictSame(ran.story, ['a Say hello: ok'])
  t.equal(ran.exitCode, 0)
})

t.test('an invalid pattern ends the run; the error names the play', async (t) => {
  const ran = await runSteps([play('Web', { hosts: '~(' }, hello)])
  t.match(said(ran), [/^error: play "Web": "~\(" is not a valid pattern: /])
  t.match(ran, { status: 'failed', exitCode: 1 })
  t.equal(ran.events.at(-1)?.type, 'run_end')
})
