/** A node of a Swarm, as its managers see it. */
export interface SwarmNode {
  readonly id: string
  readonly hostname: string
  readonly role: 'manager' | 'worker'
  readonly availability: 'active' | 'pause' | 'drain'
  /** `ready`, `down`, `unknown`, `disconnected`. */
  readonly state: string
  readonly addr: string
  readonly labels: Readonly<Record<string, string>>
  /** ISO 8601. */
  readonly created: string
}

interface RawNode {
  readonly ID: string
  readonly CreatedAt: string
  readonly Spec: {
    readonly Labels?: Readonly<Record<string, string>> | null
    readonly Role: SwarmNode['role']
    readonly Availability: SwarmNode['availability']
  }
  readonly Description: { readonly Hostname?: string }
  readonly Status: { readonly State: string; readonly Addr?: string }
}

/** Parses the engine's list of nodes. */
export const parseNodes = (body: unknown): SwarmNode[] =>
  (body as RawNode[]).map(({ ID, CreatedAt, Spec, Description, Status }) => ({
    id: ID,
    // A node that never came up has no host name.
    hostname: Description.Hostname ?? '',
    role: Spec.Role,
    availability: Spec.Availability,
    state: Status.State,
    addr: Status.Addr ?? '',
    labels: Spec.Labels ?? {},
    created: CreatedAt,
  }))
