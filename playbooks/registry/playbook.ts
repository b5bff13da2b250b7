import { playbook } from '../../src/labbook.ts'
import { gc } from './gc.ts'
import { foundation } from '../site/steps.ts'
import { registryDown, registryProof } from './steps.ts'

const STEPS = { up: [...foundation, ...registryProof], gc, down: registryDown }

export default playbook({
  name: 'registry',
  description: 'Runs the registry that all machines pull from, and proves it.',
  words: {
    up: 'run it and prove it',
    gc: 'delete the images that no service uses, and free their space',
    down: 'remove it and all trust in it; what it stores stays (-e registry_purge=true removes that, too)',
  },
  // The proof of its storage alone; gc and down are refused.
  withoutPermission: 'leave out',
  steps: ([word]) => STEPS[word as keyof typeof STEPS],
})
