import { extraImages } from '../app/images/images.ts'
import { foundation } from '../site/steps.ts'
import { swarm } from '../swarm/swarm.ts'
import { stackProof } from './proof.ts'
import { projectImagesIn, deployStack, validateComposeFile, logComposeWarnings } from './steps.ts'
import { projectPlaybook } from '../project.ts'

export default projectPlaybook({
  name: 'stack',
  description:
    'Deploys a compose file as a stack (-e file=compose.yaml [-e name=...]) and waits for it to converge, ' +
    'or reports which task does not start and why. -e state=absent removes it; --tags stack skips the prerequisites.',
  steps: [
    logComposeWarnings,
    validateComposeFile,
    ...foundation,
    extraImages(projectImagesIn),
    ...swarm,
    deployStack,
    stackProof,
  ],
})
