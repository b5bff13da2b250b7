/** What `INFO` of Redis prints: `name:value` lines under headings. */
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

/** A replica as its master knows it. */
interface KnownReplica {
  readonly address: string
  readonly port: number
  readonly online: boolean
  /** Bytes of the stream of changes that it has confirmed. */
  readonly offset: number
}

/** What `INFO replication` tells of a server. */
export interface Replication {
  readonly role: 'master' | 'replica'
  /** Bytes of the stream of changes that it has made or taken. */
  readonly offset: number
  /** Of a replica: whose, and whether the line to it is up. */
  readonly master?: { readonly address: string; readonly port: number; readonly up: boolean }
  readonly replicas: readonly KnownReplica[]
}

/** @throws where the text is no `INFO replication`: nothing may be concluded from it. */
export function readReplication(text: string): Replication {
  const info = readInfo(text)
  const { role } = info
  if (role !== 'master' && role !== 'slave')
    throw new Error(`not what INFO replication prints: ${JSON.stringify(text.slice(0, 80))}`)
  const replicas = Object.entries(info)
    .filter(([name]) => /^slave\d+$/.test(name))
    .map(([, value]): KnownReplica => {
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

/**
 * `SENTINEL MASTER name` and its like: names and values in turn, in one list or, as `redis-cli` prints it, a line each.
 */
export function readPairs(reply: unknown): Readonly<Record<string, string>> {
  const words = Array.isArray(reply) ? reply.map(String) : String(reply).trimEnd().split('\n')
  return Object.fromEntries(
    words.flatMap((word, at): [string, string][] => (at % 2 === 0 ? [[word, words[at + 1] ?? '']] : [])),
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
  /** It was given up on by the others. */
  readonly failed: boolean
  /** First and last slot of each range that it serves. */
  readonly slots: readonly (readonly [first: number, last: number])[]
}

/** What `CLUSTER NODES` prints. */
export function readClusterNodes(text: string): ClusterNode[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [id = '', place = '', flagWords = '', of = '-', , , , , ...slotWords] = line.trim().split(' ')
      const flags = flagWords.split(',')
      const [, address = '', port = ''] = /^(.*):(\d+)(?:@.*)?$/.exec(place) ?? []
      return {
        id,
        address,
        port: Number(port),
        role: flags.includes('master') ? ('master' as const) : ('replica' as const),
        ...(of === '-' ? {} : { of }),
        failed: flags.includes('fail'),
        // A slot on its way to another node stands in brackets, and is still served.
        slots: slotWords
          .filter((word) => !word.startsWith('['))
          .map((word): [number, number] => {
            const [first = '', last = first] = word.split('-')
            return [Number(first), Number(last)]
          }),
      }
    })
}

export const SLOTS = 16_384

export const slotCount = ({ slots }: Pick<ClusterNode, 'slots'>): number =>
  slots.reduce((sum, [first, last]) => sum + last - first + 1, 0)

/**
 * Who serves a slot. A master that was given up on goes on being listed with its slots until another has taken them.
 */
export const ownerOf = (nodes: readonly ClusterNode[], slot: number): ClusterNode | undefined =>
  nodes.find(
    ({ slots, failed, role }) =>
      role === 'master' && !failed && slots.some(([first, last]) => first <= slot && slot <= last),
  )

/**
 * The slot of a key, as Redis Cluster reckons it: CRC-16 (XMODEM) of the key, or of what stands between its first `{`
 * and the next `}`, modulo 16384.
 */
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
 * Bytes in memory of each process of Redis or Sentinel, of `docker top CONTAINER -eo pid,rss,comm` of any number of
 * containers.
 */
export const redisProcesses = (tops: string): number[] =>
  [...tops.matchAll(/^\s*\d+\s+(\d+)\s+redis-(?:server|sentinel)\s*$/gm)].map(
    ([, kibibytes]) => Number(kibibytes) * 1024,
  )
