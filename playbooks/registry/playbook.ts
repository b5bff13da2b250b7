import { playbook } from '../../src/labbook.ts'
import { docker } from '../docker/docker.ts'
import { labUp } from '../lab/lab.ts'
import { gc } from './gc.ts'
import { registryProof, registryUp } from './steps.ts'

export default playbook({
  name: 'registry',
  description: 'Runs the registry that all machines pull from, and proves it.',
  words: { up: 'run it and prove it', gc: 'delete the images that no service uses, and free their space' },
  steps: (word) => (word === 'gc' ? gc : [...labUp, docker, ...registryUp, ...registryProof]),
})
