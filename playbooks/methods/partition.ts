import { type LabContext, joinTexts, say, type LabVerdict } from '../messages/say.ts'
import type { Exhibit, Message, Verdict } from 'labbook'

/**
 * Machines that were too slow or too busy: nodes lost each other without an injected fault, or tasks waited for a CPU.
 */
export interface SlowMachines {
  readonly reason: Message
  readonly exhibits: readonly Exhibit[]
}

/** Reads the daemon's log for nodes that left the gossip cluster. Relative time, as the nodes' clocks differ. */
const gossipLossCommand = (seconds: number): string =>
  `journalctl -u docker --since -${seconds}s --no-pager -o short-iso | sed -n 's/^\\([^ ]*\\) .*\\(Node .* left gossip cluster\\).*/\\1 \\2/p'`

/**
 * Checks whether nodes lost each other's gossip during an observation without a node fault. Docker's gossip timeout is
 * two seconds, also on slow or busy machines; after that, other nodes temporarily cannot reach the node's containers.
 * Requests that fail then are no evidence about the experiment.
 *
 * @param observed - exhibit of the observation, which has just ended.
 * @param failed - number of failed requests; with none, nothing is checked.
 */
export async function partitionDuring(
  on: Pick<LabContext, 'groups' | 'exhibit'>,
  observed: Exhibit,
  failed: number,
): Promise<SlowMachines | undefined> {
  if (failed === 0) return undefined
  // Querying slow nodes one after the other takes time that must be added.
  const queriedAt = Date.now()
  const since = (): number => Math.ceil((observed.durationMs + Date.now() - queriedAt) / 1000)
  const exhibits: Exhibit[] = []
  for (const host of on.groups.swarm ?? [])
    exhibits.push(
      await on.exhibit({ title: say('Gossip losses on {host}', { host }), host, command: gossipLossCommand(since()) }),
    )
  const affected = exhibits.filter(({ stdout }) => stdout !== '').map(({ host }) => host)
  if (affected.length === 0) return undefined
  return {
    reason: say('{nodes} lost the gossip of other nodes meanwhile: the machines are too slow or too busy', {
      nodes: affected.join(', '),
    }),
    exhibits,
  }
}

/**
 * Makes a failed verdict inconclusive if machines were too slow: nodes lost each other, or were overloaded. Pass
 * undefined where the verdict failed for another reason than failed requests.
 */
export const inconclusiveIfTooSlow = <V extends Pick<Verdict, 'holds' | 'evidence' | 'detail'>>(
  slow: SlowMachines | undefined,
  verdict: V,
): V | (Omit<V, 'holds' | 'evidence' | 'detail'> & Required<Pick<LabVerdict, 'holds' | 'evidence' | 'detail'>>) =>
  slow === undefined || verdict.holds !== false
    ? verdict
    : {
        ...verdict,
        holds: null,
        evidence: [...verdict.evidence, ...slow.exhibits],
        detail: joinTexts([...(verdict.detail === undefined ? [] : [verdict.detail]), slow.reason], '; '),
      }
