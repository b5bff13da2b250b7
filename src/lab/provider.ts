import type { Task } from '../modules/task.ts'
import type { Faults } from './faults.ts'
import type { Lab, Node, ProviderName } from './lab.ts'

/** A kind of machines that a lab can be made of. Each is a file or folder of this room, and a line in providers.ts. */
export interface Provider {
  readonly name: ProviderName
  /** What its nodes are, for the help and the status: `Linux namespaces with systemd and sshd`. */
  readonly says: string
  /** Makes the lab, mends a half-made one, and leaves a whole one alone. Tasks for this machine. */
  up(lab: Lab, options?: UpOptions): readonly Task[]
  /** Takes away all that `up` made on this machine, but for what the next lab would make again (root, image). */
  down(lab: Lab): readonly Task[]
  /** What may befall a node. */
  faults(lab: Lab, node: Node): Faults
  /**
   * Shell text that prints a line for each node, tab-separated: name, address, state (`up` or why not), uptime, memory,
   * how it is reached.
   */
  status(lab: Lab): string
  /** Shell text that prints what there is of the lab beside its nodes. */
  parts(lab: Lab): string
  /** The whole lab kept and brought back; absent: this kind of machine cannot. */
  readonly snapshots?: Snapshots
}

export interface UpOptions {
  /** Debian packages that plays will install on the nodes: fetched once for all of them, where nodes share a root. */
  readonly download?: readonly string[]
}

export interface Snapshots {
  /** Keeps memory and disks of all nodes under a name. */
  save(lab: Lab, name: string): readonly Task[]
  resume(lab: Lab, name: string): readonly Task[]
  remove(lab: Lab, name: string): readonly Task[]
  /** Shell text that prints a line for each snapshot. */
  list(lab: Lab): string
}
