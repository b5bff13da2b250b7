import type { Message } from 'labbook'
import type { EntryPoint, EntryProbe } from '../methods/entry-point.ts'
import type { Port } from '../stack/references.ts'

/** What a service is to the experiments. Stateful services are disturbed only when named. */
export type ServiceRole = 'stateless' | 'stateful' | 'one-shot' | 'global'

export interface Mount {
  readonly type: string
  /** Name of the volume, or path on the node; empty for an anonymous volume. */
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
  /** Driver of a volume; `local` keeps the data on one node. */
  readonly driver: string
}

/** What `x-labbook` of a service says instead of the derivation. */
export interface Overrides {
  readonly role?: ServiceRole
  readonly probes?: readonly (EntryProbe & { readonly port?: number })[]
  readonly dependsOn?: readonly string[]
  /** Experiments that leave the service out. */
  readonly skip?: readonly string[]
  /** Seconds in which its entry points may be unavailable during a fault. */
  readonly maxOutage?: number
}

/** The settings of a service that decide how it behaves under faults. */
export interface ServiceSettings {
  /** Name within the stack: `web`. */
  readonly name: string
  readonly image: string
  readonly mode: 'replicated' | 'global' | 'replicated-job' | 'global-job'
  /** 1 for a global service. */
  readonly replicas: number
  readonly ports: readonly Port[]
  readonly mounts: readonly Mount[]
  /** Command of the health check; `none` if it is disabled, undefined if only the image may have one. */
  readonly healthcheck: string | undefined
  readonly restart: 'none' | 'on-failure' | 'any'
  readonly updateOrder: 'start-first' | 'stop-first'
  readonly rollbackOrder: 'start-first' | 'stop-first'
  readonly failureAction: 'pause' | 'continue' | 'rollback'
  readonly parallelism: number
  /** 0: no limit. */
  readonly maxPerNode: number
  readonly constraints: readonly string[]
  readonly hasMemoryLimit: boolean
  /** Names in `depends_on`. */
  readonly dependsOn: readonly string[]
  /** `NAME=value` of the environment. */
  readonly environment: readonly string[]
  /** Command and arguments, in one line. */
  readonly command: string
  /** Its configs, as far as they are files beside the compose file. */
  readonly configText: string
  readonly overrides: Overrides
}

/** A service, and what was derived for it. */
export interface StackService extends ServiceSettings {
  readonly role: ServiceRole
  /** Why this role: `volume db-data`. */
  readonly roleReason: Message
  /** The services of the stack that it uses. */
  readonly dependencies: readonly string[]
}

/** What is watched and disturbed: derived from a compose file, or from a running stack. */
export interface StackModel {
  readonly services: readonly StackService[]
  readonly entryPoints: readonly EntryPoint[]
}
