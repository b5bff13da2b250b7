/** How often a replica answered, and where it is. */
export interface Share {
  readonly count: number
  readonly node: string
}

/** The answers by replica. */
export function shares(
  answers: readonly { readonly replica: string; readonly node?: string }[],
): ReadonlyMap<string, Share> {
  const all = new Map<string, Share>()
  for (const { replica, node = '' } of answers) all.set(replica, { count: (all.get(replica)?.count ?? 0) + 1, node })
  return all
}

/**
 * What the replica with the fewest answers got, as a part of an equal share: 1 is perfectly even, 0 means that one got
 * nothing. More replicas than wanted (one that was just replaced) do not make the shares of the others too small.
 */
export function evenly(all: ReadonlyMap<string, Share>, wanted: number): number {
  const counts = [...all.values()].map(({ count }) => count).sort((a, b) => b - a)
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0 || counts.length < wanted) return 0
  return (counts[wanted - 1] as number) / (total / wanted)
}
