import { apt, play, type Play, type PlayContext } from '../../src/labbook.ts'
import { lab_keys } from '../../src/lab/keys.ts'
import { lab_network } from '../../src/lab/network.ts'
import { lab_node } from '../../src/lab/node.ts'
import { labPackages } from '../../src/lab/packages.ts'
import { lab_preflight } from '../../src/lab/preflight.ts'
import { lab_rootfs } from '../../src/lab/rootfs.ts'

/** What the inventory says of the lab: its nodes are the hosts with `lab_provider`; without any there is no lab to make. */
interface Lab {
  readonly name: string
  readonly dir: string
  readonly rootfs: string
  readonly subnet: string
  readonly nodes: readonly { readonly name: string; readonly address: string; readonly memory?: string; readonly disk?: string }[]
}

export function labOf({ groups, hostvars }: Pick<PlayContext, 'groups' | 'hostvars'>): Lab | undefined {
  const names = (groups.all ?? []).filter((host) => hostvars(host).lab_provider === 'namespaces')
  const [first] = names
  if (first === undefined) return undefined
  const text = (vars: Readonly<Record<string, unknown>>, key: string, otherwise: string): string => String(vars[key] ?? otherwise)
  const common = hostvars(first)
  return {
    name: text(common, 'lab_name', 'labbook'),
    dir: text(common, 'lab_dir', '/var/lib/labbook/lab'),
    rootfs: text(common, 'lab_rootfs', '/var/lib/labbook/rootfs'),
    subnet: text(common, 'lab_subnet', '10.77.0.0/24'),
    nodes: names.map((name) => {
      const vars = hostvars(name)
      return {
        name,
        address: text(vars, 'ansible_host', name),
        ...(vars.lab_memory === undefined ? {} : { memory: String(vars.lab_memory) }),
        ...(vars.lab_disk === undefined ? {} : { disk: String(vars.lab_disk) }),
      }
    }),
  }
}

const addresses = ({ nodes }: Lab) => nodes.map(({ name, address }) => ({ name, address }))

/** Makes the lab, mends a half-made one, and leaves a whole one alone. */
export const labUp: readonly Play[] = [
  play('Lab', { hosts: 'localhost', tags: 'lab', any_errors_fatal: true }, (on) => {
    const lab = labOf(on)
    if (lab === undefined) return []
    const { dir, rootfs, name, subnet } = lab
    const nodes = addresses(lab)
    return [
      lab_preflight('Can this machine make a lab?', {}),
      apt('Packages that make a lab', { name: [...labPackages], update_cache: true, cache_valid_time: 3600, install_recommends: false }),
      lab_keys('Key of the lab', { dir }),
      lab_rootfs('Root file system of the nodes', { path: rootfs }),
      lab_network('Network of the lab', { name, dir, subnet, nodes }),
      lab.nodes.map((node) => lab_node(`Start ${node.name}`, { lab: name, dir, rootfs, nodes, ...node })),
    ]
  }),
]

/** Takes the lab away: processes, namespaces, mounts, cgroups, rules, disks. The root file system is kept for the next. */
export const labDown: readonly Play[] = [
  play('Lab down', { hosts: 'localhost', tags: 'lab' }, (on) => {
    const lab = labOf(on)
    if (lab === undefined) return []
    const { dir, name, subnet } = lab
    return [lab_network('Remove the lab', { name, dir, subnet, nodes: addresses(lab), state: 'absent', purge: true })]
  }),
]
