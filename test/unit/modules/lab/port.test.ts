import t from 'tap'
import { lab_port } from '../../../../src/modules/lab/port.ts'
import { descriptions, planFor } from './planned.ts'

await t.test('lab_port changes a port only if needed, and names a missing one', async (t) => {
  const port = { lab: 'lbtest', name: 'node1' }
  t.strictSame(planFor(lab_port, { ...port, state: 'up' }, 'there\nup\n').changes, [])
  t.strictSame(descriptions(planFor(lab_port, { ...port, state: 'down' }, 'there\nup\n')), [
    'set the port of node1 down',
  ])
  t.strictSame(descriptions(planFor(lab_port, { ...port, state: 'up' }, 'there\n')), ['set the port of node1 up'])
  t.match(planFor(lab_port, { ...port, state: 'up' }, '').problem, /"node1" has no port on the switch of "lbtest"/)
})
