import { playbook } from 'labbook'
import { docker } from './docker.ts'
import { labUp } from '../lab/lab.ts'

export default playbook({
  name: 'docker',
  description: 'Installs Docker Engine on the hosts of group docker.',
  steps: [...labUp, docker],
})
