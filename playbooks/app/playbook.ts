import { playbook } from '../../src/labbook.ts'
import { docker } from '../docker/docker.ts'
import { registryUp } from '../registry/steps.ts'
import { swarm } from '../swarm/swarm.ts'
import { appProof, swarmProof } from './proof.ts'
import { appStack } from './stack.ts'
import { labUp } from '../lab/lab.ts'

export default playbook({
  name: 'app',
  description: 'Deploys the Counter app on the Swarm and proves that it works.',
  steps: [
    ...labUp, docker, ...registryUp, ...swarm, ...appStack, swarmProof, appProof,
  ],
})
