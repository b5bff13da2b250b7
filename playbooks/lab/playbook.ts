import { type PlaybookStep } from 'labbook'
import { labSummary } from './closing.ts'
import { labDown, labUp } from './lab.ts'
import { labSnapshot, labSnapshots } from './snapshots.ts'
import { labStatus } from './status.ts'
import { vagrantfile } from './vagrant.ts'
import { projectPlaybook } from '../project.ts'

const STEPS: Readonly<Record<string, (name: string) => readonly PlaybookStep[]>> = {
  up: () => labUp,
  status: () => [labStatus],
  down: () => labDown,
  snapshot: (name) => [labSnapshot('save', name)],
  resume: (name) => [labSnapshot('resume', name)],
  delete: (name) => [labSnapshot('remove', name)],
  list: () => [labSnapshots],
  vagrantfile: () => [vagrantfile],
}

export default projectPlaybook({
  name: 'lab',
  description:
    'Manages a lab of nodes on this machine: Linux namespaces, or QEMU virtual machines (--provider qemu), with systemd and sshd.',
  subcommands: {
    up: 'create the lab, or repair it',
    status: 'show its status',
    down: 'remove it and everything it created on this machine',
    'snapshot NAME': 'save memory and disks of all virtual machines',
    'resume NAME': 'restore a snapshot',
    list: 'list the snapshots',
    'delete NAME': 'delete a snapshot',
    vagrantfile: 'write a Vagrantfile for the same machines',
  },
  closing: labSummary,
  steps: ([subcommand, name]) => STEPS[subcommand ?? 'up']?.(name ?? '') ?? [],
})
