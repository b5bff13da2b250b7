import { foundation } from '../site/steps.ts'
import { swarm } from '../swarm/swarm.ts'
import { appClosing, checkAll, runExperiments } from './closing.ts'
import { appProof, swarmProof } from './proof.ts'
import { appStack } from './stack.ts'
import { projectPlaybook } from '../project.ts'

export default projectPlaybook({
  name: 'app',
  description: 'Deploys the Counter app on the Swarm and verifies it.',
  variable: 'counter_replicas=6',
  steps: [...foundation, ...swarm, ...appStack, swarmProof, appProof],
  closing: appClosing((command) => [checkAll(command), runExperiments(command)]),
})
