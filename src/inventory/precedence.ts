import type { InventoryGraph, GroupNode, HostNode } from './groups.ts'
import type { Group, Host, Inventory } from './inventory.ts'
import type { Vars } from './variables.ts'

/** Variables from `group_vars/` or `host_vars/` by group or host; later ones override earlier ones. */
export type VarsByName = ReadonlyMap<string, readonly Vars[]>

/** The variables of one directory's files. */
export interface VarsLayer {
  readonly groups: VarsByName
  readonly hosts: VarsByName
  readonly besidePlaybook: boolean
}

/** The host that Ansible knows without an inventory. */
export const LOCALHOST = 'localhost'

/**
 * Resolves each group's hosts and each host's groups and variables.
 *
 * From lowest to highest precedence; values are replaced, not merged (Ansible's `hash_behaviour = replace`):
 * 1. the inventory files' vars of `all`
 * 2. the inventory files' vars of the other groups
 * 3. `group_vars/all` next to the inventory files, then next to the playbook
 * 4. `group_vars/` of the other groups next to the inventory files, then next to the playbook
 * 5. the inventory files' vars of the host
 * 6. `host_vars/` next to the inventory files, then next to the playbook
 *
 * In 2, and within each directory in 4, a child overrides its parent: groups are ordered by depth (the longest path
 * from `all`), then by `ansible_group_priority`, then by name. So a parent's `group_vars/` file overrides the child's
 * vars in the inventory file. This is Ansible's order: see its guide, "Understanding variable precedence", the setting
 * VARIABLE_PRECEDENCE, and `sort_groups` in lib/ansible/inventory/helpers.py.
 */
export function resolveInventory({ groups, hosts }: InventoryGraph, directories: readonly VarsLayer[]): Inventory {
  const layers = [
    ...directories.filter(({ besidePlaybook }) => !besidePlaybook),
    ...directories.filter(({ besidePlaybook }) => besidePlaybook),
  ]
  const ancestorsOf = memoize(
    (name: string): ReadonlySet<string> =>
      new Set([...(groups.get(name)?.parents ?? [])].flatMap((parent) => [parent, ...ancestorsOf(parent)])),
  )

  // Thousands of hosts share a few sets of groups: compute what depends on the set alone once.
  const resolveGroupSet = memoize((directGroups: string) => {
    const direct = directGroups.split('\n')
    const all = new Set(['all', ...direct.flatMap((name) => [name, ...ancestorsOf(name)])])
    const ordered = [...all].flatMap((name) => groups.get(name) ?? []).sort(byPrecedence)
    return { groups: ordered.map(({ name }) => name), vars: mergeGroupVars(ordered, layers) }
  })

  const filesOf = (kind: 'groups' | 'hosts', name: string): Vars[] =>
    layers.flatMap((layer) => layer[kind].get(name) ?? [])
  const resolveHost = (host: HostNode): Host => {
    const shared = resolveGroupSet([...host.groups].sort().join('\n'))
    const vars = merge([shared.vars, host.vars, ...filesOf('hosts', host.name)])
    return { name: host.name, groups: shared.groups, vars }
  }
  const resolveGroup = (group: GroupNode): Group => ({
    name: group.name,
    hosts: hostsWithin(group, groups),
    ownHosts: [...group.hosts],
    children: [...group.children.keys()],
    vars: merge([group.vars, ...filesOf('groups', group.name)]),
  })
  const local = { ansible_connection: 'local' }
  const implicitLocalhost: Host = {
    name: LOCALHOST,
    groups: ['all', 'ungrouped'],
    vars: merge([resolveGroupSet('all').vars, local, ...filesOf('hosts', LOCALHOST)]),
    implicit: true,
  }
  return {
    hosts: mapValues(hosts, resolveHost),
    groups: mapValues(groups, resolveGroup),
    ...(hosts.has(LOCALHOST) ? {} : { implicitLocalhost }),
  }
}

function byPrecedence(a: GroupNode, b: GroupNode): number {
  return a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : 1)
}

function mergeGroupVars(ordered: readonly GroupNode[], layers: readonly VarsLayer[]): Vars {
  const inFiles = layers.flatMap(({ groups }) =>
    ordered.filter(({ name }) => name !== 'all').flatMap(({ name }) => groups.get(name) ?? []),
  )
  const ofAll = layers.flatMap(({ groups }) => groups.get('all') ?? [])
  return merge([...ordered.map(({ vars }) => vars), ...ofAll, ...inFiles])
}

const merge = (byPrecedence: readonly Vars[]): Vars => Object.assign({}, ...byPrecedence) as Vars

function hostsWithin(group: GroupNode, groups: ReadonlyMap<string, GroupNode>): string[] {
  const queue = new Set([group])
  const hosts = new Set<string>()
  // A set that grows during iteration is a queue that visits each group once.
  for (const { hosts: own, children } of queue) {
    for (const host of own) hosts.add(host)
    for (const name of children.keys()) {
      const child = groups.get(name)
      if (child) queue.add(child)
    }
  }
  return [...hosts]
}

function mapValues<K, V, W>(map: ReadonlyMap<K, V>, change: (value: V) => W): Map<K, W> {
  return new Map([...map].map(([key, value]) => [key, change(value)]))
}

function memoize<V>(compute: (key: string) => V): (key: string) => V {
  const cache = new Map<string, V>()
  return (key) => {
    const cached = cache.get(key)
    if (cached !== undefined) return cached
    const value = compute(key)
    cache.set(key, value)
    return value
  }
}
