import type { Task } from '../modules/task.ts'
import type { Faults } from './faults.ts'
import type { Lab, Node, ProviderName } from './lab.ts'

/** A lab provider. Each is a file or directory of this package, and a line in providers.ts. */
export interface Provider {
  readonly name: ProviderName
  /** Description of its nodes for help and status: `Linux namespaces with systemd and sshd`. */
  readonly description: string
  /** Tasks for this machine that create the lab or complete a partial one. Idempotent. */
  up(lab: Lab, options?: UpOptions): readonly Task[]
  /** Removes what `up` created on this machine, except root file systems and images. */
  down(lab: Lab): readonly Task[]
  /** The faults of a node. */
  faults(lab: Lab, node: Node): Faults
  /**
   * Shell script that prints a line per node, tab-separated: name, address, SSH banner or state, uptime, memory, SSH
   * command.
   */
  status(lab: Lab): string
  /** Shell script that prints the other resources of the lab. */
  resources(lab: Lab): string
  /** Shell scripts for this machine that take a CPU from all nodes, or give it back; absent if it cannot. */
  cpus?(lab: Lab): Cpus
  /** Snapshots of the lab, if the provider supports them. */
  readonly snapshots?: Snapshots
}

export interface Cpus {
  /** Prints the number of the CPU; nothing if the nodes need all. */
  readonly reserve: string
  /** Idempotent. */
  readonly release: string
}

export interface UpOptions {
  /** Debian packages that plays install on the nodes: downloaded once if the nodes share a root file system. */
  readonly download?: readonly string[]
}

export interface Snapshots {
  /** Saves memory and disks of all nodes. */
  save(lab: Lab, name: string): readonly Task[]
  resume(lab: Lab, name: string): readonly Task[]
  remove(lab: Lab, name: string): readonly Task[]
  /** Shell script that prints a line per snapshot. */
  list(lab: Lab): string
}
