import { appClosing, measureCapacity, runExperiments } from '../app/closing.ts'
import { foundation, quickStart } from './steps.ts'
import { projectPlaybook } from '../project.ts'

export default projectPlaybook({
  name: 'site',
  description:
    'Creates a lab and a Swarm that serves the Counter app, verifies them, and drains and reactivates one node.',
  variable: 'counter_replicas=6',
  withoutPermission: 'leave out',
  steps: [...foundation, ...quickStart],
  closing: appClosing((command) => [runExperiments(command), measureCapacity(command)]),
})
