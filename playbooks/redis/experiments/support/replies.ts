/** Parses the output of Redis `INFO`: `name:value` lines under headings. */
export function readInfo(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text
      .split('\n')
      .map((line) => line.trim())
      .flatMap((line) => {
        const at = line.indexOf(':')
        return at < 1 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1)]]
      }),
  )
}

/** A replica in the master's `INFO replication`. */
interface ConnectedReplica {
  readonly address: string
  readonly port: number
  readonly online: boolean
  /** Acknowledged replication offset in bytes. */
  readonly offset: number
}

/** Parsed `INFO replication` of a server. */
export interface Replication {
  readonly role: 'master' | 'replica'
  /** Replication offset in bytes. */
  readonly offset: number
  /** Of a replica: its master, and whether the connection to it is up. */
  readonly master?: { readonly address: string; readonly port: number; readonly up: boolean }
  readonly replicas: readonly ConnectedReplica[]
}

/** @throws if the text is not the output of `INFO replication`. */
export function readReplication(text: string): Replication {
  const info = readInfo(text)
  const { role } = info
  if (role !== 'master' && role !== 'slave')
    throw new Error(`not the output of INFO replication: ${JSON.stringify(text.slice(0, 80))}`)
  const replicas = Object.entries(info)
    .filter(([name]) => /^slave\d+$/.test(name))
    .map(([, value]): ConnectedReplica => {
      const fields = Object.fromEntries(value.split(',').map((field) => field.split('=', 2) as [string, string]))
      return {
        address: fields.ip ?? '',
        port: Number(fields.port),
        online: fields.state === 'online',
        offset: Number(fields.offset),
      }
    })
  return role === 'master'
    ? { role, offset: Number(info.master_repl_offset), replicas }
    : {
        role: 'replica',
        offset: Number(info.slave_repl_offset),
        replicas,
        master: {
          address: info.master_host ?? '',
          port: Number(info.master_port),
          up: info.master_link_status === 'up',
        },
      }
}

/** Parses alternating names and values (`SENTINEL MASTER name`): a list, or one per line as `redis-cli` prints it. */
export function readPairs(reply: unknown): Readonly<Record<string, string>> {
  const items = Array.isArray(reply) ? reply.map(String) : String(reply).trimEnd().split('\n')
  return Object.fromEntries(
    items.flatMap((item, i): [string, string][] => (i % 2 === 0 ? [[item, items[i + 1] ?? '']] : [])),
  )
}

/** A node of a Redis Cluster. */
export interface ClusterNode {
  readonly id: string
  readonly address: string
  readonly port: number
  readonly role: 'master' | 'replica'
  /** Of a replica: the id of its master. */
  readonly of?: string
  /** Flagged `fail` by the other nodes. */
  readonly failed: boolean
  /** First and last slot of each range that it serves. */
  readonly slots: readonly (readonly [first: number, last: number])[]
}

/** Parses the output of `CLUSTER NODES`. */
export function readClusterNodes(text: string): ClusterNode[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [id = '', endpoint = '', flagList = '', of = '-', , , , , ...slotRanges] = line.trim().split(' ')
      const flags = flagList.split(',')
      const [, address = '', port = ''] = /^(.*):(\d+)(?:@.*)?$/.exec(endpoint) ?? []
      return {
        id,
        address,
        port: Number(port),
        role: flags.includes('master') ? ('master' as const) : ('replica' as const),
        ...(of === '-' ? {} : { of }),
        failed: flags.includes('fail'),
        // Slots in brackets are being migrated and still served.
        slots: slotRanges
          .filter((range) => !range.startsWith('['))
          .map((range): [number, number] => {
            const [first = '', last = first] = range.split('-')
            return [Number(first), Number(last)]
          }),
      }
    })
}

export const SLOTS = 16_384

export const slotCount = ({ slots }: Pick<ClusterNode, 'slots'>): number =>
  slots.reduce((sum, [first, last]) => sum + last - first + 1, 0)

/** The master that serves a slot. A failed master stays listed with its slots until another takes them over. */
export const ownerOf = (nodes: readonly ClusterNode[], slot: number): ClusterNode | undefined =>
  nodes.find(
    ({ slots, failed, role }) =>
      role === 'master' && !failed && slots.some(([first, last]) => first <= slot && slot <= last),
  )

/** Hash slot of a key in Redis Cluster: CRC-16 (XMODEM) of the key, or of its hash tag `{...}`, modulo 16384. */
export function slotOf(key: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(key)?.[1]
  let crc = 0
  for (const byte of Buffer.from(tag ?? key)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x80_00 ? (crc << 1) ^ 0x10_21 : crc << 1) & 0xff_ff
  }
  return crc % SLOTS
}

/**
 * Resident memory in bytes of each Redis and Sentinel process in the output of `docker top CONTAINER -eo pid,rss,comm`.
 */
export const redisProcesses = (stdout: string): number[] =>
  [...stdout.matchAll(/^\s*\d+\s+(\d+)\s+redis-(?:server|sentinel)\s*$/gm)].map(
    ([, kibibytes]) => Number(kibibytes) * 1024,
  )
