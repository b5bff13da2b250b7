/** A machine, with every variable that holds for it. */
export interface Host {
  readonly name: string
  /** Every group it is in, also through child groups: `all` first, then by rising precedence. */
  readonly groups: readonly string[]
  /** Merged from all its groups and its own, by Ansible's precedence. */
  readonly vars: Readonly<Record<string, unknown>>
}

export interface Group {
  readonly name: string
  /** Its own hosts as listed, then those of its child groups, level by level; without duplicates. */
  readonly hosts: readonly string[]
  /** Its own, from the inventory file and `group_vars/`; those of its parents are not among them. */
  readonly vars: Readonly<Record<string, unknown>>
}

export interface Inventory {
  /** In the order in which the file first names them. */
  readonly hosts: ReadonlyMap<string, Host>
  /** `all` and `ungrouped` first, then in the order in which the file first names them. */
  readonly groups: ReadonlyMap<string, Group>
}
