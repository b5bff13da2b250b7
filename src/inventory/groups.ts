import type { YamlIssue, Path } from './yaml-document.ts'
import type { InventoryProblem } from './errors.ts'
import { expandHosts } from './host-ranges.ts'
import type { GroupEntry } from './schema.ts'
import type { Vars } from './variables.ts'

/** What an inventory file says about a group at one place. */
export interface InventoryEntry {
  readonly name: string
  readonly entry: GroupEntry | null
  /** In the file. */
  readonly path: Path
}

/** An inventory file's content, in its order. */
export interface InventoryFile {
  readonly entries: readonly InventoryEntry[]
  /** Locates problems that a later step finds. */
  readonly report: (issues: readonly YamlIssue[]) => InventoryProblem[]
  /** Whether the last key of a path is a number in YAML: such a name is not the text that was written. */
  readonly isNumber?: (path: Path) => boolean
}

/** A path in one of the files. */
export interface Place {
  /** The file's index. */
  readonly file: number
  readonly path: Path
}

/** An error in one of the files. */
export type FileIssue = YamlIssue & Place

/** A group, merged from all its entries in the inventory files. */
export interface GroupNode {
  readonly name: string
  readonly vars: Record<string, unknown>
  readonly hosts: Set<string>
  /** Its child groups and their entries; undefined for implicit children. */
  readonly children: Map<string, Place | undefined>
  readonly parents: Set<string>
  /** The length of the longest path from `all`; 0 for `all` itself. */
  depth: number
  /** `ansible_group_priority`: orders groups of the same depth. */
  priority: number
}

export interface HostNode {
  readonly name: string
  /** Its first entry. */
  readonly place: Place
  readonly vars: Record<string, unknown>
  /** The groups that list it directly. */
  readonly groups: Set<string>
}

export interface InventoryGraph {
  readonly groups: ReadonlyMap<string, GroupNode>
  readonly hosts: ReadonlyMap<string, HostNode>
}

const DEFAULT_PRIORITY = 1

/**
 * Builds the graph of groups and hosts: several entries of a group or host are merged, later values override earlier
 * ones, each group is under `all`, and each host without a group is in `ungrouped`.
 *
 * @param files - in the order of the command line.
 */
export function buildGraph(files: readonly InventoryFile[]): { graph: InventoryGraph; issues: FileIssue[] } {
  const groups = new Map<string, GroupNode>()
  const hosts = new Map<string, HostNode>()
  const issues: FileIssue[] = []
  const groupNamed = (name: string) => getOrAdd(groups, name, () => newGroup(name))
  const placeOf = (file: number, path: Path): Place => {
    if (files[file]?.isNumber?.(path) === true)
      issues.push({ file, path, at: 'key', message: 'this name is a number in YAML: quote it' })
    return { file, path }
  }

  const read = (name: string, entry: GroupEntry | null, { file, path }: Place): void => {
    const group = groupNamed(name)
    const { ansible_group_priority: priority, ...vars } = entry?.vars ?? {}
    if (typeof priority === 'number') group.priority = priority
    Object.assign(group.vars, vars)
    for (const [key, hostVars] of Object.entries(entry?.hosts ?? {})) {
      readHosts({ hosts, groups }, group, key, hostVars, placeOf(file, [...path, 'hosts', key]))
    }
    for (const [child, childEntry] of Object.entries(entry?.children ?? {})) {
      const place = placeOf(file, [...path, 'children', child])
      if (child === 'ungrouped' && name !== 'all')
        issues.push({
          ...place,
          at: 'key',
          message: `"ungrouped" cannot be a child of "${name}": list its hosts there`,
        })
      read(child, childEntry, place)
      link(group, groupNamed(child), place)
    }
  }

  link(groupNamed('all'), groupNamed('ungrouped'), undefined)
  files.forEach((file, index) => {
    for (const { name, entry, path } of file.entries) read(name, entry, placeOf(index, path))
  })
  for (const group of groups.values()) {
    if (group.name !== 'all' && group.parents.size === 0) link(groupNamed('all'), group, undefined)
  }
  updateUngrouped(groupNamed('ungrouped'), hosts)
  const graph = { groups, hosts }
  return { graph, issues: [...issues, ...nameConflicts(graph), ...setDepths(groups)] }
}

function newGroup(name: string): GroupNode {
  return {
    name,
    vars: {},
    hosts: new Set(),
    children: new Map(),
    parents: new Set(),
    depth: 0,
    priority: DEFAULT_PRIORITY,
  }
}

interface Nodes {
  readonly hosts: Map<string, HostNode>
  readonly groups: ReadonlyMap<string, GroupNode>
}

function readHosts({ hosts, groups }: Nodes, group: GroupNode, key: string, vars: Vars | null, place: Place): void {
  const { names, port } = expandHosts(key)
  for (const name of names) {
    const host = getOrAdd(hosts, name, (): HostNode => {
      // As in Ansible, a port counts where the host is first named.
      return { name, place, vars: port === undefined ? {} : { ansible_port: port }, groups: new Set() }
    })
    // As in Ansible, the variables of a host that is named as a group are those of the group.
    Object.assign(groups.get(name)?.vars ?? host.vars, vars)
    group.hosts.add(name)
    host.groups.add(group.name)
  }
}

function link(parent: GroupNode, child: GroupNode, place: Place | undefined): void {
  if (!parent.children.has(child.name)) parent.children.set(child.name, place)
  child.parents.add(parent.name)
}

/** `ungrouped` has exactly the hosts that only `all` lists, whatever the file lists under it. */
function updateUngrouped(ungrouped: GroupNode, hosts: ReadonlyMap<string, HostNode>): void {
  for (const host of hosts.values()) {
    const grouped = [...host.groups].some((name) => name !== 'all' && name !== 'ungrouped')
    if (grouped) {
      ungrouped.hosts.delete(host.name)
      host.groups.delete('ungrouped')
    } else {
      ungrouped.hosts.add(host.name)
      host.groups.add('ungrouped')
    }
  }
}

/** Ansible only warns, and a pattern with that name matches the host alone: no problem if the group has no other. */
function nameConflicts({ groups, hosts }: InventoryGraph): FileIssue[] {
  return [...hosts.values()]
    .filter(({ name }) => {
      const group = groups.get(name)
      return group !== undefined && !(group.hosts.size === 1 && group.hosts.has(name) && group.children.size === 0)
    })
    .map(({ name, place }) => ({
      ...place,
      at: 'key',
      message: `"${name}" is both a host and a group with other hosts: rename one of them`,
    }))
}

/** Sets the depths, parents before children. Groups left over are in or under a cycle. */
function setDepths(groups: ReadonlyMap<string, GroupNode>): FileIssue[] {
  const waiting = new Map([...groups.values()].map((group) => [group.name, group.parents.size]))
  const ready = [...groups.values()].filter(({ parents }) => parents.size === 0)
  for (let group = ready.pop(); group; group = ready.pop()) {
    waiting.delete(group.name)
    for (const name of group.children.keys()) {
      const child = groups.get(name)
      const left = (waiting.get(name) ?? 0) - 1
      waiting.set(name, left)
      if (!child) continue
      child.depth = Math.max(child.depth, group.depth + 1)
      if (left === 0) ready.push(child)
    }
  }
  return findCycles(groups, new Set(waiting.keys()))
}

function findCycles(groups: ReadonlyMap<string, GroupNode>, suspects: Set<string>): FileIssue[] {
  const issues: FileIssue[] = []
  for (const start of suspects) {
    const trail: string[] = []
    let name: string | undefined = start
    while (name !== undefined && !trail.includes(name)) {
      trail.push(name)
      name = [...(groups.get(name)?.parents ?? [])].find((parent) => suspects.has(parent))
    }
    if (name !== undefined) issues.push(cycleIssue(groups, trail.slice(trail.indexOf(name)).reverse()))
    trail.forEach((visited) => suspects.delete(visited))
  }
  return issues
}

/** @param cycle the groups, each the parent of the next, the last one that of the first */
function cycleIssue(groups: ReadonlyMap<string, GroupNode>, cycle: string[]): FileIssue {
  const [first = ''] = cycle
  const links = cycle.map((name, i) => groups.get(name)?.children.get(cycle[i + 1] ?? first))
  // The longest path is the innermost entry of the cycle; the outer ones are probably intended.
  const found = links.filter((link) => link !== undefined).sort((a, b) => b.path.length - a.path.length)[0]
  const chain = [...cycle, first].join(' -> ')
  return { ...(found ?? { file: 0, path: [] }), at: 'key', message: `group cycle: ${chain}: remove one of them` }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const present = map.get(key)
  if (present !== undefined) return present
  const created = create()
  map.set(key, created)
  return created
}
