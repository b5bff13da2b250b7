import t from 'tap'
import * as z from 'zod'
import { command } from '../../../src/modules/core/command.ts'
import { defineModule } from '../../../src/modules/task.ts'
import { play } from '../../../src/playbook/play.ts'
import { runSteps } from '../../support/play-run.ts'

/** A module whose plan refuses what its probe found. */
const refuse = defineModule({
  name: 'refuse',
  schema: z.strictObject({}),
  title: () => 'refuse',
  reads: () => [],
  sets: () => [],
  probe: () => 'echo record of the probe',
  plan: () => ({ problem: 'not possible here', changes: [] }),
})

t.test('the output of a task that its plan refuses is not the record of the probe', async (t) => {
  const { results } = await runSteps([play('p', { hosts: 'a' }, () => [refuse('Refuse', {})])], { hosts: ['a'] })
  t.match(results, [{ status: 'failed', message: 'not possible here', stdout: '' }])
  t.match(results[0]?.commands, [{ stdout: 'record of the probe\n' }], 'the evidence has it')
})

t.test('the output of a command that fails is shown, also of one that only reads', async (t) => {
  for (const read_only of [true, false]) {
    const task = command('Fail', { argv: ['sh', '-c', 'echo why; exit 1'], read_only })
    const { results } = await runSteps([play('p', { hosts: 'a' }, () => [task])], { hosts: ['a'] })
    t.match(results, [{ status: 'failed', stdout: /why/ }], `read_only: ${read_only}`)
  }
})
