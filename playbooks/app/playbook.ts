import { playbook } from '../../src/labbook.ts'
import { docker } from '../docker/docker.ts'
import { registry, registryAnswers } from '../registry/registry.ts'
import { swarm } from '../swarm/swarm.ts'
import { appImages } from './images.ts'
import { appProof, swarmProof } from './proof.ts'
import { appStack } from './stack.ts'
import { labUp } from '../lab/lab.ts'

export default playbook({
  name: 'app',
  description: 'Deploys the Counter app on the Swarm and proves that it works.',
  steps: [
    ...labUp, docker, registry, registryAnswers, ...swarm, appImages, appStack, swarmProof, appProof,
  ],
})
