/** A port forward: `host` on this machine leads to `guest` on the node. */
export interface Forward {
  readonly guest: number
  readonly host: number
}
