/** A host with all its variables. */
export interface Host {
  readonly name: string
  /** All its groups, including parents: `all` first, then by rising precedence. */
  readonly groups: readonly string[]
  /** Its own variables merged with those of all its groups, by Ansible's precedence. */
  readonly vars: Readonly<Record<string, unknown>>
  /** Ansible's implicit localhost: no pattern matches it but its name. */
  readonly implicit?: boolean
}

export interface Group {
  readonly name: string
  /** Its own hosts as listed, then those of its child groups, level by level; without duplicates. */
  readonly hosts: readonly string[]
  /** Its own hosts, without those of its child groups. */
  readonly ownHosts: readonly string[]
  /** Its child groups, in the order in which they became that. */
  readonly children: readonly string[]
  /** Its own variables, from the inventory file and `group_vars/`, without those of its parents. */
  readonly vars: Readonly<Record<string, unknown>>
}

export interface Inventory {
  /** In the order in which the file first names them. */
  readonly hosts: ReadonlyMap<string, Host>
  /** `all` and `ungrouped` first, then in the order in which the file first names them. */
  readonly groups: ReadonlyMap<string, Group>
  /** The controller, unless the inventory has a host `localhost`. Not among the hosts. */
  readonly implicitLocalhost?: Host
}
