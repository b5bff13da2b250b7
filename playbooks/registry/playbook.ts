import { playbook } from '../../src/labbook.ts'
import { docker } from '../docker/docker.ts'
import { labUp } from '../lab/lab.ts'
import { gc } from './gc.ts'
import { registryDown, registryProof, registryUp } from './steps.ts'

const STEPS = { up: [...labUp, docker, ...registryUp, ...registryProof], gc, down: registryDown }

export default playbook({
  name: 'registry',
  description: 'Runs the registry that all machines pull from, and proves it.',
  words: {
    up: 'run it and prove it',
    gc: 'delete the images that no service uses, and free their space',
    down: 'remove it and all trust in it; what it stores stays (-e registry_purge=true removes that, too)',
  },
  steps: ([word]) => STEPS[word as keyof typeof STEPS],
})
