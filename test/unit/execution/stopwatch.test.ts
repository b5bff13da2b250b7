import t from 'tap'
import { experiment } from '../../../src/playbook/experiment.ts'
import { play } from '../../../src/playbook/play.ts'
import { runSteps, script } from '../../support/play-run.ts'

t.test('durations are correct if the clock is set back during a run', async (t) => {
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  let turns = 0
  // A clock that is set back an hour at each reading.
  Date.now = () => now() - 3_600_000 * turns++
  const ran = await runSteps([
    play('p', { hosts: 'all', gather_facts: true }, () => [script('work', { text: 'sleep 0.05' })]),
    experiment('look', { hosts: 'all', disturbs: false, assertions: { x: 'X' } }, async (on) => {
      const seen = await on.exhibit({ title: 'one', command: 'true' })
      const watched = await on.watch({ title: 'two', command: 'true', every: 0, until: () => true })
      on.finding('x', { holds: watched.seconds >= 0, evidence: [seen, watched.exhibit] })
    }),
  ])
  const durations = ran.events.flatMap((event) =>
    'durationMs' in event ? [[event.type, event.durationMs] as const] : [],
  )
  t.same([...new Set(durations.map(([type]) => type))].sort(), ['exhibit', 'play_end', 'result', 'run_end'])
  for (const [type, duration] of durations) t.ok(duration >= 0 && duration < 60_000, `${type}: ${duration} ms`)
  t.ok((ran.results.find(({ task }) => task === 'work')?.durationMs ?? 0) > 0, 'the duration is more than 0')
  t.equal(ran.exitCode, 0)
})
