import * as z from 'zod'
import type { Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { contentOf, setNewDirectory, setTree, treeAt } from '../support/effects.ts'
import { address, labDirectory, labName, namedAddress, nodeName, parseFacts, kernelNames } from './names.ts'
import {
  updateNode,
  nodeDirectory,
  type NodeSettings,
  probeNode,
  removeNode,
  startNode,
  stopNode,
} from './scripts/start-node.ts'

const schema = z.strictObject({
  lab: labName,
  dir: labDirectory.describe('Directory of the lab'),
  rootfs: labDirectory.describe('Directory of lab_rootfs'),
  name: nodeName,
  address,
  nodes: z.array(namedAddress).default([]).describe('All nodes of the lab, for /etc/hosts'),
  memory: z
    .string()
    .regex(/^[1-9]\d*[MG]$/, 'must be a size such as 512M or 2G')
    .optional()
    .describe('Memory limit of the node'),
  disk: z
    .string()
    .regex(/^[1-9]\d*[MG]$/, 'must be a size such as 20G')
    .optional()
    .describe("Size of the node's disk image. Default: the node uses the disk of this machine"),
  state: z
    .enum(['started', 'stopped', 'absent'])
    .default('started')
    .describe('stopped: a power loss, the disk is kept; absent: also removes the disk'),
})

/** What {@link lab_node} registers of a started node. */
export interface LabNode {
  /** PID of the node's PID 1 on this machine. */
  readonly pid: number
  readonly known_hosts: string
}

/** A node of the lab: namespaces over the lab's root file system, with systemd as PID 1 and sshd. */
export const lab_node = defineModule({
  name: 'lab_node',
  schema,
  reads: ({ lab, dir, rootfs, name }) => [
    `lab-node:${kernelNames(lab).node(name)}`,
    `lab-network:${lab}`,
    ...treeAt(nodeDirectory(dir, name)),
    ...[`${dir}/id_ed25519.pub`, `${rootfs}/current`].flatMap(contentOf),
  ],
  sets: ({ lab, dir, name }) => [
    `lab-node:${kernelNames(lab).node(name)}`,
    `${dir}/known_hosts`,
    ...setNewDirectory(nodeDirectory(dir, name)),
    ...setTree(nodeDirectory(dir, name)),
  ],
  title: ({ name, state }) => `${name} ${state}`,
  probe: (params) => probeNode(nodeSettings(params)),
  plan: (params, { stdout }): Plan<LabNode> => {
    const node = nodeSettings(params)
    const state = readNode(stdout)
    const { name, address } = node
    if (params.state !== 'started') {
      const stopped = state.processes + state.cgroups === 0
      if (params.state === 'stopped')
        return { changes: stopped ? [] : [{ description: `stop ${name}`, script: stopNode(node) }] }
      return {
        changes:
          stopped && !state.folder
            ? []
            : [{ description: `stop ${name} and remove its disk`, script: removeNode(node) }],
      }
    }
    const problem = missingRequirement(state, node)
    if (problem !== undefined) return { changes: [], problem }
    const { pid } = state
    if (pid === undefined || !state.answers || !state.ownNetwork || !state.hasMemoryLimit(node.memoryBytes)) {
      const cleanup =
        pid === undefined && state.processes + state.cgroups > 0 ? `stop leftover processes of ${name} and ` : ''
      const verb = pid === undefined ? 'boot' : state.answers ? 'reboot' : 'wait for or reboot'
      return { changes: [{ description: `${cleanup}${verb} ${name} (${address})`, script: startNode(node) }] }
    }
    const outdated = [
      state.hosts ? '' : '/etc/hosts',
      state.authorized ? '' : 'authorized_keys',
      state.pinned ? '' : 'known_hosts',
    ].filter(Boolean)
    if (outdated.length > 0)
      return { changes: [{ description: `update ${outdated.join(', ')} of ${name}`, script: updateNode(node) }] }
    return { changes: [], values: { pid, known_hosts: `${node.dir}/known_hosts` } }
  },
  timeLimitSeconds: () => 240,
})

/** Converts the parameters of {@link lab_node} for the scripts. */
export function nodeSettings(params: Omit<z.output<typeof schema>, 'state'>): NodeSettings {
  const { lab, dir, rootfs, name, address, nodes, memory, disk } = params
  return { lab, dir, rootfs, name, address, nodes, memoryBytes: bytes(memory), diskBytes: bytes(disk) }
}

const bytes = (size: string | undefined): number | null =>
  size === undefined ? null : Number.parseInt(size) * (size.endsWith('G') ? 2 ** 30 : 2 ** 20)

function missingRequirement(state: NodeState, { lab, dir, rootfs, name, diskBytes }: NodeSettings): string | undefined {
  if (state.missing.length > 0) {
    return `missing ${state.missing.join(', ')}: install the packages util-linux, iproute2, openssh-client and e2fsprogs`
  }
  if (diskBytes !== null && !state.loop)
    return `this machine has no loop devices for the disk of "${name}": remove lab_disk`
  if (!state.root) return `no root file system for "${name}" in "${rootfs}": run lab_rootfs first`
  if (!state.key) return `no SSH key for "${name}" in "${dir}": run lab_keys first`
  if (!state.network)
    return `no network namespace ${kernelNames(lab).node(name)}: run lab_network with "${name}" in "nodes" first`
  return undefined
}

interface NodeState {
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
  /** Whether the requested limit is set; null matches any limit. */
  hasMemoryLimit(wanted: number | null): boolean
}

function readNode(stdout: string): NodeState {
  const all = parseFacts(stdout)
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
    hasMemoryLimit: (wanted) => wanted === null || limits.length === 0 || limits.includes(wanted),
  }
}
