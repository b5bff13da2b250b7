import { playbook } from '../../src/labbook.ts'
import { labDown, labUp } from './lab.ts'
import { labStatus } from './status.ts'

const STEPS = { up: labUp, down: labDown, status: [labStatus] }

export default playbook({
  name: 'lab',
  description: 'A lab of nodes on this machine: Linux namespaces with systemd and sshd.',
  words: { up: 'make it, or mend it', status: 'show it', down: 'remove it, and all it made on this machine' },
  steps: ([word]) => STEPS[word as keyof typeof STEPS],
})
