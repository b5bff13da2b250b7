/** An effect on a host that requires its owner's consent: a fault, a load test, removal of data. */
export interface Disturbance {
  /** A host of the inventory, or another target: `context k3d-mine`. */
  readonly host: string
  /** The effect, displayed after the host and a colon: `hard reset, without shutdown`. */
  readonly what: string
}

/** Input for {@link Disturbs}. It contains no facts: no host has been contacted yet. */
export interface DisturbanceContext {
  /** The hosts of the step. */
  readonly hosts: readonly string[]
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly hostvars: (host: string) => Readonly<Record<string, unknown>>
}

/**
 * Returns the hosts that a step disturbs, and how. Returns none, rather than throwing, for an inventory that lacks a
 * group.
 */
export type Disturbs = (on: DisturbanceContext) => readonly Disturbance[]

/** The same disturbance on several hosts. */
export const disturbAll = (hosts: readonly string[], what: string): Disturbance[] =>
  hosts.map((host) => ({ host, what }))
