import * as z from 'zod'
import type { Plan } from '../../module.ts'
import { defineModule } from '../../task.ts'
import { contentOf, setNewDirectory, setTree, treeAt } from '../../support/effects.ts'
import { qemuPackage } from './scripts/architecture.ts'
import { address, labDirectory, labName, namedAddress, nodeName, parseFacts } from '../names.ts'
import {
  waitForVm,
  resumeVm,
  launchVm,
  updateVm,
  probeVm,
  removeVm,
  stopVm,
  vmDirectory,
  type VmSettings,
} from './scripts/vm.ts'

const size = (what: string) => z.string().regex(/^[1-9]\d*[MG]$/, `${what} must be a size such as 512M or 2G`)
const port = z.int().min(1).max(65_535)

export const vmSchema = z.strictObject({
  lab: labName,
  dir: labDirectory.describe('Directory of the lab'),
  images: labDirectory.describe('Directory of lab_vm_image'),
  cloud_image: z.string().optional().describe('A cloud image (with cloud-init) instead of one from lab_vm_image'),
  name: nodeName,
  address,
  prefix: z.int().min(8).max(30).default(24),
  nodes: z.array(namedAddress).default([]).describe('All nodes of the lab, for /etc/hosts'),
  memory: size('memory').default('1G'),
  cpus: z.int().min(1).max(64).default(1),
  disk: size('disk').default('10G').describe('Size of the disk; it is sparse'),
  data_disk: size('data_disk').optional().describe('A second, empty disk of this size'),
  ssh_port: port.describe('Port on 127.0.0.1 that is forwarded to its sshd'),
  forwards: z
    .array(z.strictObject({ guest: port, host: port }))
    .default([])
    .describe('Ports on 127.0.0.1 that are forwarded to the machine'),
  wait: z.boolean().default(true).describe('Wait until SSH answers'),
  state: z
    .enum(['started', 'stopped', 'absent'])
    .default('started')
    .describe('stopped: a power loss, the disk is kept; absent: also removes the disk'),
})

/** What {@link lab_vm} registers of a started machine. */
export interface LabVm {
  readonly pid: number
  readonly known_hosts: string
}

/** A virtual machine of the lab: QEMU without root, with its own kernel. */
export const lab_vm = defineModule({
  name: 'lab_vm',
  schema: vmSchema,
  reads: ({ dir, images, name }) => [
    `lab-vm:${dir}`,
    `lab-vm:${dir}/${name}`,
    ...treeAt(vmDirectory(dir, name)),
    ...[`${dir}/id_ed25519.pub`, `${dir}/link`, `${dir}/acceleration`, `${images}/current`].flatMap(contentOf),
  ],
  sets: ({ dir, name }) => [
    `lab-vm:${dir}/${name}`,
    `${dir}/known_hosts`,
    ...setNewDirectory(vmDirectory(dir, name)),
    ...setTree(vmDirectory(dir, name)),
  ],
  title: ({ name, state }) => `${name} ${state}`,
  probe: (params) => probeVm(vmSettings(params)),
  plan: (params, { stdout }): Plan<LabVm> => {
    const vm = vmSettings(params)
    const all = parseFacts(stdout)
    const facts = new Map(all)
    const { name } = vm
    const pid = facts.get('pid')
    if (params.state === 'stopped')
      return { changes: pid === undefined ? [] : [{ description: `stop ${name}`, script: stopVm(vm) }] }
    if (params.state === 'absent') {
      return {
        changes:
          pid === undefined && !facts.has('folder')
            ? []
            : [{ description: `stop ${name} and remove its disk`, script: removeVm(vm) }],
      }
    }
    const missing = all.filter(([key]) => key === 'missing').map(([, command]) => command)
    if (missing.length > 0)
      return {
        changes: [],
        problem: `missing ${missing.join(', ')}: install the packages ${qemuPackage(missing)}, qemu-utils, openssh-client and cpio`,
      }
    if (pid === undefined) {
      if (facts.has('no-image'))
        return {
          changes: [],
          problem:
            vm.cloudImage === null
              ? `no image for "${name}" in "${vm.images}": run lab_vm_image first`
              : `cannot read the image "${vm.cloudImage}" for "${name}"`,
        }
      if (facts.has('no-key'))
        return { changes: [], problem: `no SSH key for "${name}" in "${vm.dir}": run lab_keys first` }
      if (facts.has('no-network'))
        return {
          changes: [],
          problem: `no network for "${name}" in "${vm.dir}": run lab_vm_switch and lab_vm_acceleration first`,
        }
    }
    const boot = (verb: string) => ({
      description: `${verb} ${name} (${vm.address}, ${vm.memoryMiB} MiB, ${vm.cpus} CPU${vm.cpus === 1 ? '' : 's'}; SSH on 127.0.0.1:${vm.sshPort})`,
      script: params.wait ? `(${launchVm(vm)}) || exit\n${waitForVm(vm)}` : launchVm(vm),
    })
    if (pid === undefined) return { changes: [boot('boot')] }
    if (!facts.has('shape')) return { changes: [boot('reboot')] }
    if (!facts.has('forwards') || !facts.has('pinned')) {
      return { changes: [{ description: `update port forwards and known_hosts of ${name}`, script: updateVm(vm) }] }
    }
    if (params.wait && !facts.has('answers'))
      return {
        changes: [{ description: `wait for ${name}`, script: `(${resumeVm(vm)}) || exit\n${waitForVm(vm)}` }],
      }
    return { changes: [], values: { pid: Number(pid), known_hosts: `${vm.dir}/known_hosts` } }
  },
  timeLimitSeconds: () => 500,
})

/** Converts the parameters of {@link lab_vm} for the scripts. */
export function vmSettings(params: z.input<typeof vmSchema>): VmSettings {
  const {
    lab,
    dir,
    images,
    cloud_image,
    name,
    address,
    prefix,
    nodes,
    memory,
    cpus,
    disk,
    data_disk,
    ssh_port,
    forwards,
  } = vmSchema.parse(params)
  return {
    lab,
    dir,
    images,
    cloudImage: cloud_image ?? null,
    name,
    address,
    prefix,
    nodes,
    memoryMiB: bytes(memory) / 2 ** 20,
    cpus,
    diskBytes: bytes(disk),
    dataDiskBytes: data_disk === undefined ? null : bytes(data_disk),
    sshPort: ssh_port,
    forwards,
  }
}

const bytes = (text: string): number => Number.parseInt(text) * (text.endsWith('G') ? 2 ** 30 : 2 ** 20)
