import { readInfo, readPairs, readReplication, SLOTS } from './replies.ts'

/** Answers of servers, each under its `host:port`. */
export type Replies = ReadonlyMap<string, Reply>
export interface Reply {
  readonly address?: string
  readonly reply?: unknown
  /** Why there is none. */
  readonly failed?: string
}

/** What is not as it should be, or undefined. */
export function amiss(info: Replies, sentinels: Replies, cluster: Replies): string | undefined {
  return serversAmiss(info, cluster.size > 0 ? 3 : 1) ?? first(sentinels, sentinelAmiss) ?? first(cluster, clusterAmiss)
}

function first(replies: Replies, judge: (reply: unknown) => string | undefined): string | undefined {
  for (const [at, { reply, failed }] of replies) {
    const why = failed ?? judge(reply)
    if (why !== undefined) return `${at}: ${why}`
  }
  return undefined
}

/** @param wanted - masters, each with as many replicas as the others. */
function serversAmiss(info: Replies, wanted: number): string | undefined {
  let masters = 0
  const why = first(info, (reply) => {
    const { role, master, replicas } = readReplication(String(reply))
    if (role === 'replica') return master?.up === true ? undefined : 'no line to its master'
    masters++
    if (replicas.length !== info.size / wanted - 1) return `${replicas.length} replicas`
    return replicas.every(({ online }) => online) ? undefined : 'not every replica has all data yet'
  })
  return why ?? (masters === wanted ? undefined : `${masters} masters`)
}

function sentinelAmiss(reply: unknown): string | undefined {
  const { flags, 'num-slaves': replicas, 'num-other-sentinels': others } = readPairs(reply)
  if (flags !== 'master') return `its master is ${flags ?? 'not known'}`
  return Number(replicas) >= 2 && Number(others) >= 2
    ? undefined
    : `knows ${replicas} replicas and ${others} other Sentinels`
}

function clusterAmiss(reply: unknown): string | undefined {
  const { cluster_state: state, cluster_slots_ok: slots, cluster_known_nodes: nodes } = readInfo(String(reply))
  return state === 'ok' && Number(slots) === SLOTS && Number(nodes) === 6
    ? undefined
    : `state ${state}, ${slots} slots, ${nodes} nodes`
}
