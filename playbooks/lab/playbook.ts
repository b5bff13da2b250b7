import { playbook, type Step } from '../../src/labbook.ts'
import { labClosing } from './closing.ts'
import { labDown, labUp } from './lab.ts'
import { labSnapshot, labSnapshots } from './snapshots.ts'
import { labStatus } from './status.ts'
import { vagrantfile } from './vagrant.ts'

const STEPS: Readonly<Record<string, (name: string) => readonly Step[]>> = {
  up: () => labUp,
  status: () => [labStatus],
  down: () => labDown,
  snapshot: (name) => [labSnapshot('save', name)],
  resume: (name) => [labSnapshot('resume', name)],
  delete: (name) => [labSnapshot('remove', name)],
  list: () => [labSnapshots],
  vagrantfile: () => [vagrantfile],
}

export default playbook({
  name: 'lab',
  description:
    'A lab of nodes on this machine: Linux namespaces, or virtual machines of QEMU (--provider qemu), with systemd and sshd.',
  words: {
    up: 'make it, or mend it',
    status: 'show it',
    down: 'remove it, and all it made on this machine',
    'snapshot NAME': 'keep memory and disks of all its virtual machines',
    'resume NAME': 'bring it back to a snapshot',
    list: 'list the snapshots',
    'delete NAME': 'delete a snapshot',
    vagrantfile: 'write a Vagrantfile that makes the same machines',
  },
  closing: labClosing,
  steps: ([word, name]) => STEPS[word ?? 'up']?.(name ?? '') ?? [],
})
