import { playbook } from '../../../src/labbook.ts'
import { docker } from '../../docker/docker.ts'
import { labUp } from '../../lab/lab.ts'
import { registryUp } from '../../registry/steps.ts'
import { swarm } from '../swarm.ts'
import { stackProof } from './proof.ts'
import { stackDeployed, stackFile, stackRemarks } from './steps.ts'

export default playbook({
  name: 'swarm/stack',
  description: 'Deploys a compose file as a stack (-e file=compose.yaml [-e name=...]) and waits until it has converged, ' +
    'or says which task does not start and why. -e state=absent removes it; --tags stack leaves out what is there already.',
  steps: [stackRemarks, stackFile, ...labUp, docker, ...registryUp, ...swarm, stackDeployed, stackProof],
})
