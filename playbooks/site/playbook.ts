import { playbook } from '../../src/labbook.ts'
import { foundation, quickStart } from './steps.ts'

export default playbook({
  name: 'site',
  description: 'From no machines to a proven Swarm that serves the Counter app, with one node drained and returned.',
  steps: [...foundation, ...quickStart],
})
