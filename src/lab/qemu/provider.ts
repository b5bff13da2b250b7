import { apt } from '../../modules/core/apt.ts'
import { sh } from '../../shell/quote.ts'
import { lab_keys } from '../../modules/lab/keys.ts'
import type { Lab, Node } from '../lab.ts'
import type { Provider } from '../provider.ts'
import { parseSubnet } from '../../modules/lab/subnet.ts'
import { lab_vm_acceleration } from '../../modules/lab/qemu/acceleration.ts'
import { vmFaults } from './faults.ts'
import { lab_vm_image } from '../../modules/lab/qemu/image.ts'
import { listSnapshots } from '../../modules/lab/qemu/scripts/snapshot.ts'
import { processFunctions } from '../../modules/lab/qemu/scripts/vm.ts'
import { lab_vm_snapshot } from '../../modules/lab/qemu/snapshot.ts'
import { lab_vm_switch } from '../../modules/lab/qemu/switch.ts'
import { lab_vm, vmSettings } from '../../modules/lab/qemu/vm.ts'

/** Debian packages that this machine needs. Only root installs them; others get an error that lists them. */
const packages = [
  process.arch === 'arm64' ? 'qemu-system-arm' : 'qemu-system-x86',
  'qemu-utils',
  'vde2',
  'mmdebstrap',
  'e2fsprogs',
  'cpio',
  'openssh-client',
  'procps',
  'util-linux',
]

const paramsOf = (lab: Lab, { name, address, memory, disk, cpus, dataDisk, ssh, forwards }: Node) => ({
  lab: lab.name,
  dir: lab.dir,
  images: lab.vm.images,
  name,
  address,
  prefix: parseSubnet(lab.subnet).prefix,
  nodes: lab.nodes.map((node) => ({ name: node.name, address: node.address })),
  ssh_port: ssh.port,
  forwards: forwards.map((each) => ({ ...each })),
  ...(lab.vm.cloudImage === undefined ? {} : { cloud_image: lab.vm.cloudImage }),
  ...(memory === undefined ? {} : { memory }),
  ...(disk === undefined ? {} : { disk }),
  ...(cpus === undefined ? {} : { cpus }),
  ...(dataDisk === undefined ? {} : { data_disk: dataDisk }),
})

/** Nodes in QEMU virtual machines: their own kernels, no root, no change to this machine's network. */
export const qemu: Provider = {
  name: 'qemu',
  description: 'QEMU virtual machines with their own kernels; no root needed',
  up: (lab) => {
    const { dir, vm } = lab
    const cloud = vm.cloudImage === undefined ? {} : { cloud_image: vm.cloudImage }
    const isRoot = process.getuid?.() === 0 && process.platform === 'linux'
    return [
      ...(isRoot
        ? [
            apt('Install QEMU', {
              name: packages,
              update_cache: true,
              cache_valid_time: 3600,
              install_recommends: false,
            }),
          ]
        : []),
      lab_keys('Create lab SSH key', { dir }),
      ...(vm.cloudImage === undefined
        ? [
            lab_vm_image('Build machine image', {
              path: vm.images,
              packages: [...vm.packages],
              ...(vm.release === undefined ? {} : { release: vm.release }),
            }),
          ]
        : []),
      lab_vm_acceleration('Detect hardware acceleration', { dir, images: vm.images, want: vm.acceleration, ...cloud }),
      lab_vm_switch('Create lab network', { dir, nodes: lab.nodes.map(({ name }) => name) }),
      // All boot in parallel.
      ...lab.nodes.map((node) => lab_vm(`Start ${node.name}`, { ...paramsOf(lab, node), wait: false })),
      ...lab.nodes.map((node) => lab_vm(`Wait for ${node.name}`, paramsOf(lab, node))),
    ]
  },
  down: ({ dir }) => [lab_vm_switch('Remove lab', { dir, state: 'absent' })],
  faults: (lab, node) => vmFaults(vmSettings(paramsOf(lab, node))),
  status: (lab) =>
    `${processFunctions}${lab.nodes
      .map(
        ({ name, address, ssh, forwards }) => sh`
pid=$(lab_vm_pid ${lab.dir} ${name})
state=down since=- used=-
if [ -n "$pid" ]; then
  state=$(ssh-keyscan -T 5 -p ${ssh.port} -t ed25519 127.0.0.1 2>&1 | sed -n 's/^# [^ ]* //p' | head -n 1)
  [ -n "$state" ] || state='booting, no sshd yet'
  since=$(ps -o etime= -p "$pid" | tr -d ' ')
  used="$(($(ps -o rss= -p "$pid") / 1024)) MiB"
fi
printf '%s\t%s\t%s\t%s\t%s\t%s\n' ${name} ${address} "$state" "$since" "$used" ${[`ssh -p ${ssh.port} ops@127.0.0.1`, ...forwards.map(({ guest, host }) => `${guest} at 127.0.0.1:${host}`)].join('; ')}`,
      )
      .join('\n')}`,
  resources: (
    lab,
  ) => sh`printf 'acceleration: '; cat ${`${lab.dir}/acceleration`} 2>/dev/null || echo 'not detected yet'
printf 'network: %s\n' "$(cat ${`${lab.dir}/link`} 2>/dev/null || echo none)"
du -sh ${lab.dir} ${lab.vm.images} 2>/dev/null || :`,
  snapshots: {
    save: (lab, name) => [
      lab_vm_snapshot(`Create snapshot ${name}`, {
        dir: lab.dir,
        name,
        vms: lab.nodes.map((node) => paramsOf(lab, node)),
      }),
    ],
    resume: (lab, name) => [
      lab_vm_snapshot(`Restore snapshot ${name}`, {
        dir: lab.dir,
        name,
        vms: lab.nodes.map((node) => paramsOf(lab, node)),
        state: 'resumed',
      }),
    ],
    remove: (lab, name) => [
      lab_vm_snapshot(`Delete snapshot ${name}`, {
        dir: lab.dir,
        name,
        vms: lab.nodes.map((node) => paramsOf(lab, node)),
        state: 'absent',
      }),
    ],
    list: (lab) =>
      listSnapshots(
        lab.dir,
        lab.nodes.map(({ name }) => name),
      ),
  },
}
