import { extraImages } from '../app/images/images.ts'
import { foundation } from '../site/steps.ts'
import { swarm } from '../swarm/swarm.ts'
import { meshComparison } from './mesh.ts'
import { balancerProof } from './proof.ts'
import { removeBalancer, balancerStack } from './stack.ts'
import { projectPlaybook } from '../project.ts'

export default projectPlaybook({
  name: 'balancer',
  description:
    'Deploys two apps at /app1 and /app2 behind one load balancer, HAProxy or nginx (-e balancer=nginx), with optional sticky sessions ' +
    '(-e balancer_sticky=true), and verifies it.',
  subcommands: { up: 'deploy and verify the load balancer', down: 'remove it' },
  // The experiment stops a replica: without permission it is skipped. down is refused.
  withoutPermission: 'leave out',
  steps: ([word]) =>
    word === 'down'
      ? [removeBalancer]
      : [...foundation, extraImages(() => ['balancer']), ...swarm, balancerStack, balancerProof, meshComparison],
})
