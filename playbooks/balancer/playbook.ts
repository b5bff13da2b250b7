import { playbook } from '../../src/labbook.ts'
import { extraImages } from '../images/images.ts'
import { foundation } from '../site/steps.ts'
import { swarm } from '../swarm/swarm.ts'
import { balancerProof } from './proof.ts'
import { balancerGone, balancerStack } from './stack.ts'

export default playbook({
  name: 'balancer',
  description:
    'Two apps below /app1 and /app2 behind one balancer, HAProxy or nginx (-e balancer=nginx), with sticky sessions on request ' +
    '(-e balancer_sticky=true), and the proof of all that.',
  words: { up: 'deploy it and prove it', down: 'remove it' },
  // The proof stops a replica: without that, the balancer is deployed all the same; down is refused.
  withoutPermission: 'leave out',
  steps: ([word]) =>
    word === 'down'
      ? [balancerGone]
      : [...foundation, extraImages(() => ['balancer']), ...swarm, balancerStack, balancerProof],
})
