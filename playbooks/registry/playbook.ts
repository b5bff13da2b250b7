import { playbook } from '../../src/labbook.ts'
import { docker } from '../docker/docker.ts'
import { registry, registryAnswers } from './registry.ts'
import { labUp } from '../lab/lab.ts'

export default playbook({
  name: 'registry',
  description: 'Runs the registry that all nodes pull from.',
  steps: [...labUp, docker, registry, registryAnswers],
})
