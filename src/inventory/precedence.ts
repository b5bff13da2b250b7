import type { InventoryGraph, GroupNode, HostNode } from './groups.ts'
import type { Group, Host, Inventory } from './inventory.ts'
import type { Vars } from './variables.ts'

/** Variables from `group_vars/` or `host_vars/` by group or host; later ones override earlier ones. */
export type VarsByName = ReadonlyMap<string, readonly Vars[]>

/**
 * Resolves each group's hosts and each host's groups and variables.
 *
 * From lowest to highest precedence; values are replaced, not merged (Ansible's `hash_behaviour = replace`):
 * 1. the inventory file's vars of `all`
 * 2. the inventory file's vars of the other groups
 * 3. `group_vars/all`
 * 4. `group_vars/` of the other groups
 * 5. the inventory file's vars of the host
 * 6. `host_vars/`
 *
 * In 2 and 4 a child overrides its parent: groups are ordered by depth (the longest path from `all`), then by
 * `ansible_group_priority`, then by name. So a parent's `group_vars/` file overrides the child's vars in the inventory
 * file. This is Ansible's order: see its guide, "Understanding variable precedence" (3, 4, 6, 8 and 9 there), the
 * setting VARIABLE_PRECEDENCE, and `sort_groups` in lib/ansible/inventory/helpers.py.
 */
export function resolveInventory(
  { groups, hosts }: InventoryGraph,
  groupVars: VarsByName,
  hostVars: VarsByName,
): Inventory {
  const ancestorsOf = memoize(
    (name: string): ReadonlySet<string> =>
      new Set([...(groups.get(name)?.parents ?? [])].flatMap((parent) => [parent, ...ancestorsOf(parent)])),
  )

  // Thousands of hosts share a few sets of groups: compute what depends on the set alone once.
  const resolveGroupSet = memoize((directGroups: string) => {
    const direct = directGroups.split('\n')
    const all = new Set(['all', ...direct.flatMap((name) => [name, ...ancestorsOf(name)])])
    const ordered = [...all].flatMap((name) => groups.get(name) ?? []).sort(byPrecedence)
    return { groups: ordered.map(({ name }) => name), vars: mergeGroupVars(ordered, groupVars) }
  })

  const resolveHost = (host: HostNode): Host => {
    const shared = resolveGroupSet([...host.groups].sort().join('\n'))
    const vars = merge([shared.vars, host.vars, ...(hostVars.get(host.name) ?? [])])
    return { name: host.name, groups: shared.groups, vars }
  }
  const resolveGroup = (group: GroupNode): Group => ({
    name: group.name,
    hosts: hostsWithin(group, groups),
    vars: merge([group.vars, ...(groupVars.get(group.name) ?? [])]),
  })
  return { hosts: mapValues(hosts, resolveHost), groups: mapValues(groups, resolveGroup) }
}

function byPrecedence(a: GroupNode, b: GroupNode): number {
  return a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : 1)
}

function mergeGroupVars(ordered: readonly GroupNode[], files: VarsByName): Vars {
  return merge([...ordered.map(({ vars }) => vars), ...ordered.flatMap(({ name }) => files.get(name) ?? [])])
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
