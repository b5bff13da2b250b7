import { playbook } from '../../src/labbook.ts'
import { appClosing, measureCapacity, runExperiments } from '../app/closing.ts'
import { foundation, quickStart } from './steps.ts'

export default playbook({
  name: 'site',
  description: 'From no machines to a proven Swarm that serves the Counter app, with one node drained and returned.',
  variable: 'counter_replicas=6',
  withoutPermission: 'leave out',
  steps: [...foundation, ...quickStart],
  closing: appClosing((command) => [runExperiments(command), measureCapacity(command)]),
})
