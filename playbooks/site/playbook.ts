import { playbook } from '../../src/labbook.ts'
import { appProof, swarmProof } from '../app/proof.ts'
import { appStack } from '../app/stack.ts'
import { docker } from '../docker/docker.ts'
import { registryProof, registryUp } from '../registry/steps.ts'
import { LOAD_EXPERIMENTS } from '../load/experiments.ts'
import { loadGenerators } from '../load/generators.ts'
import { EXPERIMENTS } from '../swarm/experiments/index.ts'
import { swarm } from '../swarm/swarm.ts'
import { labUp } from '../lab/lab.ts'

export default playbook({
  name: 'site',
  description: 'From no machines to a proven Swarm that serves the Counter app.',
  steps: [
    ...labUp, docker, ...registryUp, ...registryProof, ...swarm, appStack, swarmProof, appProof, ...Object.values(EXPERIMENTS),
    loadGenerators, ...Object.values(LOAD_EXPERIMENTS),
  ],
})
