import { readInfo, readPairs, readReplication, SLOTS } from './replies.ts'

/** Replies of servers by `host:port`. */
export type Replies = ReadonlyMap<string, Reply>
export interface Reply {
  readonly address?: string
  readonly reply?: unknown
  /** Error instead of a reply. */
  readonly error?: string
}

/** The firstReason reason reason the stack is unhealthy, or undefined. */
export function unhealthyReason(info: Replies, sentinels: Replies, cluster: Replies): string | undefined {
  return (
    serversReason(info, cluster.size > 0 ? 3 : 1) ??
    firstReason(sentinels, sentinelReason) ??
    firstReason(cluster, clusterReason)
  )
}

function firstReason(replies: Replies, check: (reply: unknown) => string | undefined): string | undefined {
  for (const [at, { reply, error: failed }] of replies) {
    const reason = failed ?? check(reply)
    if (reason !== undefined) return `${at}: ${reason}`
  }
  return undefined
}

/** @param expectedMasters - number of masters, all with the same number of replicas. */
function serversReason(info: Replies, expectedMasters: number): string | undefined {
  let masters = 0
  const reason = firstReason(info, (reply) => {
    const { role, master, replicas } = readReplication(String(reply))
    if (role === 'replica') return master?.up === true ? undefined : 'not connected to its master'
    masters++
    if (replicas.length !== info.size / expectedMasters - 1) return `${replicas.length} replicas`
    return replicas.every(({ online }) => online) ? undefined : 'not every replica is online'
  })
  return reason ?? (masters === expectedMasters ? undefined : `${masters} masters`)
}

function sentinelReason(reply: unknown): string | undefined {
  const { flags, 'num-slaves': replicas, 'num-other-sentinels': others } = readPairs(reply)
  if (flags !== 'master') return `its master is ${flags ?? 'unknown'}`
  return Number(replicas) >= 2 && Number(others) >= 2
    ? undefined
    : `knows ${replicas} replicas and ${others} other Sentinels`
}

function clusterReason(reply: unknown): string | undefined {
  const { cluster_state: state, cluster_slots_ok: slots, cluster_known_nodes: nodes } = readInfo(String(reply))
  return state === 'ok' && Number(slots) === SLOTS && Number(nodes) === 6
    ? undefined
    : `state ${state}, ${slots} slots, ${nodes} nodes`
}
