import { apt } from '../modules/core/apt.ts'
import { sh } from '../shell/quote.ts'
import { namespaceFaults } from './faults.ts'
import { lab_keys } from '../modules/lab/keys.ts'
import type { Lab, Node } from './lab.ts'
import { lab_network } from '../modules/lab/network.ts'
import { lab_node, nodeSettings } from '../modules/lab/node.ts'
import { kernelNames } from '../modules/lab/names.ts'
import { releaseCpu, reserveCpu } from '../modules/lab/scripts/reserve-cpu.ts'
import { labPackages } from './packages.ts'
import { lab_preflight } from '../modules/lab/preflight.ts'
import type { Provider } from './provider.ts'
import { lab_rootfs } from '../modules/lab/rootfs.ts'

const addresses = ({ nodes }: Lab) => nodes.map(({ name, address }) => ({ name, address }))

const settingOf = (lab: Lab, { name, address, memory, disk }: Node) => ({
  lab: lab.name,
  dir: lab.dir,
  rootfs: lab.rootfs,
  nodes: addresses(lab),
  name,
  address,
  ...(memory === undefined ? {} : { memory }),
  ...(disk === undefined ? {} : { disk }),
})

/** Nodes in Linux namespaces: fast and small, on this machine's kernel. Need Linux and root. */
export const namespaces: Provider = {
  name: 'namespaces',
  description: "Linux namespaces with systemd and sshd, on this machine's kernel",
  up: (lab, { download = [] } = {}) => {
    const { dir, rootfs, name, subnet, vm } = lab
    return [
      lab_preflight('Check lab requirements', {}),
      apt('Install lab packages', {
        name: [...labPackages],
        update_cache: true,
        cache_valid_time: 3600,
        install_recommends: false,
      }),
      lab_keys('Create lab SSH key', { dir }),
      lab_rootfs('Build root file system', {
        path: rootfs,
        download: [...download],
        ...(vm.release === undefined ? {} : { release: vm.release }),
      }),
      lab_network('Create lab network', { name, dir, subnet, nodes: addresses(lab) }),
      ...lab.nodes.map((node) => lab_node(`Start ${node.name}`, settingOf(lab, node))),
    ]
  },
  // Keeps the root file system for the next lab.
  down: (lab) => {
    const { dir, name, subnet } = lab
    return [lab_network('Remove lab', { name, dir, subnet, nodes: addresses(lab), state: 'absent', purge: true })]
  },
  faults: (lab, node) => namespaceFaults(nodeSettings(settingOf(lab, node))),
  cpus: ({ name: lab, nodes }) => {
    const units = nodes.map(({ name }) => kernelNames(lab).node(name))
    return { reserve: reserveCpu(units), release: releaseCpu(units) }
  },
  // The shell reads the banner, so no SSH client is needed. Without the lab's interface nothing is sent.
  status: (lab) =>
    lab.nodes
      .map(
        ({ name, address }) => sh`
banner=down
if ip link show ${`${lab.name}0`} >/dev/null 2>&1; then
  banner=$(timeout 3 bash -c 'read -r line </dev/tcp/'${address}'/22 && echo "$line"' 2>/dev/null) || banner=down
fi
[ -n "$banner" ] || banner=down
pid=$(cut -d' ' -f1 ${`${lab.dir}/nodes/${name}/pid`} 2>/dev/null)
since=$(ps -o etime= -p "\${pid:-0}" 2>/dev/null | tr -d ' ')
used=$(cat $(find /sys/fs/cgroup -path ${`*/${lab.name}-${name}/memory.usage_in_bytes`} -o -path ${`*/${lab.name}-${name}/memory.current`} 2>/dev/null | head -n 1) 2>/dev/null </dev/null)
printf '%s\t%s\t%s\t%s\t%s\t%s\n' ${name} ${address} "$banner" "\${since:--}" "$((\${used:-0} / 1048576)) MiB" ${`ssh ops@${address}`}`,
      )
      .join('\n'),
  resources: (lab) =>
    sh`ip netns list | grep ${`^${lab.name}-`} || echo 'no network namespaces'; du -sh ${lab.dir} ${lab.rootfs} 2>/dev/null || :`,
}
