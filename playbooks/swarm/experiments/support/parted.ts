import type { Exhibit, ExperimentContext, Verdict } from '../../../../src/labbook.ts'

/** Nodes that lost each other although nothing was done to them. */
export interface Parted {
  readonly why: string
  readonly exhibits: readonly Exhibit[]
}

/** By what the daemon writes when the gossip of a node has not come for too long. The clock is the node's own. */
const missed = (seconds: number): string =>
  `journalctl -u docker --since -${seconds}s --no-pager -o short-iso | sed -n 's/^\\([^ ]*\\) .*\\(Node .* left gossip cluster\\).*/\\1 \\2/p'`

/**
 * Whether nodes missed each other's gossip while a watch went on in which requests failed and nothing was done to the
 * nodes. Docker gives a node two seconds to answer, on whatever machine, slow or busy; after that its containers are
 * not found by the others for a while. Such requests say nothing on what was done meanwhile.
 *
 * @param watched - what the watch recorded, which has just ended.
 * @param failed - requests; where none did there is nothing to ask.
 */
export async function partedWithin(
  on: Pick<ExperimentContext, 'groups' | 'exhibit'>,
  watched: Exhibit,
  failed: number,
): Promise<Parted | undefined> {
  if (failed === 0) return undefined
  // To ask slow nodes one after the other takes a while, too.
  const asked = Date.now()
  const since = (): number => Math.ceil((watched.durationMs + Date.now() - asked) / 1000)
  const exhibits: Exhibit[] = []
  for (const host of on.groups.swarm ?? [])
    exhibits.push(await on.exhibit({ title: `Nodes that ${host} missed`, host, command: missed(since()) }))
  const alone = exhibits.filter(({ stdout }) => stdout !== '').map(({ host }) => host)
  if (alone.length === 0) return undefined
  return {
    why: `${alone.join(', ')} missed the gossip of others meanwhile: the machines are too slow, or too busy, for that`,
    exhibits,
  }
}

/**
 * That requests failed tells nothing where nodes had lost each other. Not for what else may make a verdict bad: leave
 * `parted` out then.
 */
export const unlessParted = (parted: Parted | undefined, verdict: Verdict): Verdict =>
  parted === undefined || verdict.holds !== false
    ? verdict
    : {
        ...verdict,
        holds: null,
        evidence: [...verdict.evidence, ...parted.exhibits],
        detail: [verdict.detail, parted.why].filter(Boolean).join('; '),
      }
