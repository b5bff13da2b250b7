import type { Graph, GroupNode, HostNode } from './groups.ts'
import type { Group, Host, Inventory } from './inventory.ts'
import type { Vars } from './variables.ts'

/** Variables from `group_vars/` or `host_vars/`, by the name of the group or host; later ones replace earlier ones. */
export type VarsByName = ReadonlyMap<string, readonly Vars[]>

/**
 * Works out each group's hosts and each host's groups and variables.
 *
 * From weak to strong, a value replacing the weaker one whole (Ansible's `hash_behaviour = replace`):
 * 1. the inventory file's vars of `all`
 * 2. the inventory file's vars of the other groups
 * 3. `group_vars/all`
 * 4. `group_vars/` of the other groups
 * 5. the inventory file's vars of the host
 * 6. `host_vars/`
 *
 * In 2 and 4 a parent is weaker than its child: groups go by depth (the longest way from `all`), then by
 * `ansible_group_priority`, then by name. So a parent's `group_vars/` file is stronger than what the inventory file
 * says of its child. This is Ansible's order: its guide, "Understanding variable precedence" (3, 4, 6, 8 and 9 there),
 * the setting VARIABLE_PRECEDENCE, and `sort_groups` in lib/ansible/inventory/helpers.py.
 */
export function resolveInventory({ groups, hosts }: Graph, groupVars: VarsByName, hostVars: VarsByName): Inventory {
  const ancestorsOf = memoize(
    (name: string): ReadonlySet<string> =>
      new Set([...(groups.get(name)?.parents ?? [])].flatMap((parent) => [parent, ...ancestorsOf(parent)])),
  )

  // Thousands of hosts share a few sets of groups: what depends on the set alone is worked out once.
  const sharedBy = memoize((directGroups: string) => {
    const direct = directGroups.split('\n')
    const all = new Set(['all', ...direct.flatMap((name) => [name, ...ancestorsOf(name)])])
    const ordered = [...all].flatMap((name) => groups.get(name) ?? []).sort(byPrecedence)
    return { groups: ordered.map(({ name }) => name), vars: mergeGroupVars(ordered, groupVars) }
  })

  const resolveHost = (host: HostNode): Host => {
    const shared = sharedBy([...host.groups].sort().join('\n'))
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

const merge = (weakToStrong: readonly Vars[]): Vars => Object.assign({}, ...weakToStrong) as Vars

function hostsWithin(group: GroupNode, groups: ReadonlyMap<string, GroupNode>): string[] {
  const queue = new Set([group])
  const hosts = new Set<string>()
  // A set that grows while it is walked is a queue that takes each group once.
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

function memoize<V>(work: (key: string) => V): (key: string) => V {
  const done = new Map<string, V>()
  return (key) => {
    const known = done.get(key)
    if (known !== undefined) return known
    const value = work(key)
    done.set(key, value)
    return value
  }
}
