import { docker } from './docker.ts'
import { labUp } from '../lab/lab.ts'
import { projectPlaybook } from '../project.ts'

export default projectPlaybook({
  name: 'docker',
  description: 'Installs Docker Engine on the hosts of group docker.',
  steps: [...labUp, docker],
})
