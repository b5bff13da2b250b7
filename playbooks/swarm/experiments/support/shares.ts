/** Number of responses of a replica, and its node. */
export interface Share {
  readonly count: number
  readonly node: string
}

/** Counts responses per replica. */
export function sharesByReplica(
  answers: readonly { readonly replica: string; readonly node?: string }[],
): ReadonlyMap<string, Share> {
  const all = new Map<string, Share>()
  for (const { replica, node = '' } of answers) all.set(replica, { count: (all.get(replica)?.count ?? 0) + 1, node })
  return all
}

/**
 * Smallest share of a replica as a fraction of an equal share: 1 is perfectly even, 0 means that a replica got nothing.
 * Surplus replicas (one that was just replaced) are ignored.
 */
export function smallestShare(all: ReadonlyMap<string, Share>, wanted: number): number {
  const counts = [...all.values()].map(({ count }) => count).sort((a, b) => b - a)
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0 || counts.length < wanted) return 0
  return (counts[wanted - 1] as number) / (total / wanted)
}
