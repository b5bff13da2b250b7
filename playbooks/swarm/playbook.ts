import { docker } from '../docker/docker.ts'
import { swarmProof } from '../app/proof.ts'
import { swarm } from './swarm.ts'
import { labUp } from '../lab/lab.ts'
import { projectPlaybook } from '../project.ts'

export default projectPlaybook({
  name: 'swarm',
  description: 'Creates a Swarm from the managers and workers in the inventory.',
  steps: [...labUp, docker, ...swarm, swarmProof],
})
