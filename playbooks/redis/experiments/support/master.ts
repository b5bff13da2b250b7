import { MessageError, toText } from 'labbook'
import { type LabSetupContext, say } from '../../../messages/say.ts'
import { KEY } from '../settings.ts'
import { query } from './client.ts'
import { nodesOfServices, type LabStack } from './lab-stack.ts'
import { ownerOf, readClusterNodes, slotOf } from './replies.ts'

/** The server that takes the counter's writes. */
export interface Master {
  /** `redis:6379` */
  readonly server: string
  readonly address: string
  readonly node: string
  /** Its replicas, which can be promoted. */
  readonly replicas: readonly string[]
}

/** Finds the master; in a cluster, the one of the counter's slot. @throws if there is not exactly one. */
export async function currentMaster(on: Pick<LabSetupContext, 'exec' | 'hosts'>, lab: LabStack): Promise<Master> {
  const nodes = await nodesOfServices(on, lab)
  const roles = await query(on, lab, lab.servers, ['ROLE'])
  const withNode = ({ server, address }: { server: string; address: string }) => ({
    server,
    address,
    node: nodes.get(server.split(':')[0] as string) ?? '',
  })
  const all = [...roles].map(([server, { address = '', reply }]) => ({
    server,
    address,
    role: Array.isArray(reply) ? String(reply[0]) : '',
  }))
  if (lab.topology !== 'cluster') {
    const [master, ...others] = all.filter(({ role }) => role === 'master')
    if (master === undefined || others.length > 0)
      throw new MessageError(
        say('{n} servers report the role master, expected 1', { n: others.length + (master === undefined ? 0 : 1) }),
      )
    return { ...withNode(master), replicas: all.filter(({ role }) => role === 'slave').map(({ server }) => server) }
  }
  const clusterNodes = readClusterNodes(
    toText(
      (await query(on, lab, [lab.servers[1] as string], ['CLUSTER', 'NODES'])).get(lab.servers[1] as string)?.reply ??
        '',
    ),
  )
  const owner = ownerOf(clusterNodes, slotOf(KEY))
  const master = all.find(({ address }) => address !== '' && address === owner?.address)
  if (owner === undefined || master === undefined)
    throw new MessageError(say('no cluster node serves slot {slot}', { slot: slotOf(KEY) }))
  const replicaAddresses = clusterNodes.filter(({ of }) => of === owner.id).map(({ address }) => address)
  return {
    ...withNode(master),
    replicas: all.filter(({ address }) => replicaAddresses.includes(address)).map(({ server }) => server),
  }
}
