import { appClosing, measureCapacity, runExperiments } from '../app/closing.ts'
import { tagged } from 'labbook'
import { appPlays } from '../k3s/app.ts'
import { clusterPlan, k3sUp } from '../k3s/install/index.ts'
import { foundation, quickStart } from './steps.ts'
import { projectPlaybook } from '../project.ts'

export default projectPlaybook({
  name: 'site',
  description:
    'Creates a lab and a Swarm that serves the Counter app, verifies them, and drains and reactivates one node.',
  variable: 'counter_replicas=6',
  withoutPermission: 'leave out',
  steps: [
    ...tagged('never', [clusterPlan]),
    ...tagged('k3s', foundation),
    ...quickStart,
    // Needs artifacts or the internet, so only `--tags k3s` selects it.
    ...tagged('never', tagged('k3s', [...k3sUp, ...appPlays])),
  ],
  closing: appClosing((command) => [runExperiments(command), measureCapacity(command)]),
})
