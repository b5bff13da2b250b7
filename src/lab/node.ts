import { z } from 'zod'
import type { Plan } from '../modules/module.ts'
import { defineModule } from '../modules/task.ts'
import { contentOf, setNewDirectory, setTree, treeAt } from '../modules/support/effects.ts'
import { address, folder, labName, nodeAddress, nodeName, pairs, parts } from './names.ts'
import {
  mendNode,
  nodeFolder,
  type NodeSetting,
  probeNode,
  removeNode,
  startNode,
  stopNode,
} from './scripts/start-node.ts'

const schema = z.strictObject({
  lab: labName,
  dir: folder.describe('The folder of the lab'),
  rootfs: folder.describe('The folder of lab_rootfs'),
  name: nodeName,
  address,
  nodes: z.array(nodeAddress).default([]).describe('All nodes of the lab, for /etc/hosts'),
  memory: z
    .string()
    .regex(/^[1-9]\d*[MG]$/, 'write memory as 512M or 2G')
    .optional()
    .describe('The most the node may use'),
  disk: z
    .string()
    .regex(/^[1-9]\d*[MG]$/, 'write disk as 20G')
    .optional()
    .describe('A disk image of this size, made with the node; without it the node shares the disk of the machine'),
  state: z
    .enum(['started', 'stopped', 'absent'])
    .default('started')
    .describe('stopped: as by a power cut, the disk is kept; absent: the disk is removed as well'),
})

/** What {@link lab_node} registers of a started node. */
export interface LabNode {
  /** The node's PID 1, as the machine numbers it. */
  readonly pid: number
  readonly known_hosts: string
}

/** A node of the lab: namespaces of its own over the lab's root, with systemd as PID 1 and a real sshd. */
export const lab_node = defineModule({
  name: 'lab_node',
  schema,
  reads: ({ lab, dir, rootfs, name }) => [
    `lab-node:${parts(lab).node(name)}`,
    `lab-network:${lab}`,
    ...treeAt(nodeFolder(dir, name)),
    ...[`${dir}/id_ed25519.pub`, `${rootfs}/current`].flatMap(contentOf),
  ],
  sets: ({ lab, dir, name }) => [
    `lab-node:${parts(lab).node(name)}`,
    `${dir}/known_hosts`,
    ...setNewDirectory(nodeFolder(dir, name)),
    ...setTree(nodeFolder(dir, name)),
  ],
  title: ({ name, state }) => `${name} ${state}`,
  probe: (params) => probeNode(setting(params)),
  plan: (params, { stdout }): Plan<LabNode> => {
    const node = setting(params)
    const seen = readNode(stdout)
    const { name, address } = node
    if (params.state !== 'started') {
      const gone = seen.processes + seen.cgroups === 0
      if (params.state === 'stopped')
        return { changes: gone ? [] : [{ description: `end ${name}`, script: stopNode(node) }] }
      return {
        changes:
          gone && !seen.folder ? [] : [{ description: `end ${name} and remove its disk`, script: removeNode(node) }],
      }
    }
    const problem = obstacle(seen, node)
    if (problem !== undefined) return { changes: [], problem }
    const { pid } = seen
    if (pid === undefined || !seen.answers || !seen.ownNetwork || !seen.memoryIs(node.memoryBytes)) {
      const remains = pid === undefined && seen.processes + seen.cgroups > 0 ? `end what is left of ${name} and ` : ''
      const verb = pid === undefined ? 'boot' : seen.answers ? 'boot anew' : 'wait for or boot anew'
      return { changes: [{ description: `${remains}${verb} ${name} (${address})`, script: startNode(node) }] }
    }
    const mend = [
      seen.hosts ? '' : '/etc/hosts',
      seen.authorized ? '' : 'the key of ops',
      seen.pinned ? '' : 'known_hosts',
    ].filter(Boolean)
    if (mend.length > 0)
      return { changes: [{ description: `write ${mend.join(', ')} of ${name}`, script: mendNode(node) }] }
    return { changes: [], values: { pid, known_hosts: `${node.dir}/known_hosts` } }
  },
  timeLimitSeconds: () => 240,
})

/** What the scripts need to know of a node, of what {@link lab_node} is told. */
export function setting(params: Omit<z.output<typeof schema>, 'state'>): NodeSetting {
  const { lab, dir, rootfs, name, address, nodes, memory, disk } = params
  return { lab, dir, rootfs, name, address, nodes, memoryBytes: bytes(memory), diskBytes: bytes(disk) }
}

const bytes = (size: string | undefined): number | null =>
  size === undefined ? null : Number.parseInt(size) * (size.endsWith('G') ? 2 ** 30 : 2 ** 20)

function obstacle(seen: SeenNode, { lab, dir, rootfs, name, diskBytes }: NodeSetting): string | undefined {
  if (seen.missing.length > 0) {
    return `a lab node needs ${seen.missing.join(', ')}: install the packages util-linux, iproute2, openssh-client and e2fsprogs`
  }
  if (diskBytes !== null && !seen.loop)
    return `a disk of its own for ${name} needs loop devices, which this machine does not have: leave "disk" out`
  if (!seen.root) return `no root for ${name} in ${rootfs}: lab_rootfs makes it`
  if (!seen.key) return `no key for ${name} in ${dir}: lab_keys makes it`
  if (!seen.network)
    return `no network namespace ${parts(lab).node(name)}: lab_network makes it, with ${name} among its nodes`
  return undefined
}

interface SeenNode {
  readonly missing: readonly string[]
  readonly loop: boolean
  readonly root: boolean
  readonly key: boolean
  readonly network: boolean
  readonly folder: boolean
  readonly processes: number
  readonly cgroups: number
  readonly pid: number | undefined
  readonly ownNetwork: boolean
  readonly answers: boolean
  readonly hosts: boolean
  readonly authorized: boolean
  readonly pinned: boolean
  /** Does the limit hold that is asked for? Not asked for: any does. */
  memoryIs(wanted: number | null): boolean
}

function readNode(stdout: string): SeenNode {
  const all = pairs(stdout)
  const values = (key: string): string[] => all.filter(([of]) => of === key).map(([, value]) => value)
  const has = (key: string): boolean => all.some(([of]) => of === key)
  const pid = values('pid')[0]
  const limits = values('memory').map(Number)
  return {
    missing: values('missing'),
    loop: !has('no-loop'),
    root: !has('no-root'),
    key: !has('no-key'),
    network: !has('no-network'),
    folder: has('folder'),
    processes: values('process').length,
    cgroups: values('cgroup').length,
    pid: pid === undefined ? undefined : Number(pid),
    ownNetwork: has('own-network'),
    answers: has('answers'),
    hosts: has('hosts'),
    authorized: has('authorized'),
    pinned: has('pinned'),
    memoryIs: (wanted) => wanted === null || limits.length === 0 || limits.includes(wanted),
  }
}
