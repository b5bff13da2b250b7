import { type Experiment, toText } from 'labbook'
import { labExperiment, say, joinTexts, tableOf, lines } from '../../messages/say.ts'
import { callMany } from '../../app/client.ts'
import { steadyStateAndRollback, loseMasterRepeatedly, reportFailover } from './master-failure.ts'
import type { ComparisonTable } from './comparison-table.ts'
import { disturbsMasterNode } from './support/disturbs.ts'
import { query, clientCommand } from './support/client.ts'
import { deployLabStack, nodesOfServices } from './support/lab-stack.ts'
import { currentMaster } from './support/master.ts'
import { KEY } from './settings.ts'
import { ownerOf, readClusterNodes, slotCount, slotOf, SLOTS } from './support/replies.ts'

const INCREMENTS = 120

/** Checks the slots of a Redis Cluster, the node that serves the counter, and the failover of that node. */
export const cluster = (table: ComparisonTable): Experiment =>
  labExperiment(
    'Count in a Redis Cluster',
    {
      hosts: 'swarm_managers[0]',
      tags: ['redis', 'redis-cluster'],
      disturbs: disturbsMasterNode,
      hypothesis:
        'A cluster distributes keys over its masters by hash slot. One counter is one key on one master, and that master takes all its writes. When it fails, its replica is promoted and serves the slots; the other masters keep working. Without a replica to confirm writes, the app refuses increments until the node recovers.',
      assertions: {
        'redis.cluster.spread':
          "Hash slots are distributed evenly over three masters, and no replica runs on its master's node",
        'redis.cluster.one-key': 'One master serves the counter key and takes all its increments',
        'redis.cluster.failover':
          "Cluster promotes the replica of the counter's failed master, and the count stays readable",
        'redis.cluster.failover.loss': 'Cluster failover loses no acknowledged increment',
      },
      ...steadyStateAndRollback,
    },
    async (on) => {
      const lab = await deployLabStack(on, 'cluster', { app: true })
      const contactNode = lab.servers[0] as string
      const listed = await on.exhibit({
        title: 'Cluster nodes',
        command: clientCommand(lab.stack, 'ask', contactNode, 'CLUSTER', 'NODES'),
        displayCommand: 'CLUSTER NODES',
      })
      const nodes = readClusterNodes(
        toText((await query(on, lab, [contactNode], ['CLUSTER', 'NODES'])).get(contactNode)?.reply ?? ''),
      )
      const [nodeByService, addresses] = [await nodesOfServices(on, lab), await query(on, lab, lab.servers, ['PING'])]
      const nodeOf = (address: string): string => {
        const server = lab.servers.find((each) => addresses.get(each)?.address === address)
        return nodeByService.get(server?.split(':')[0] ?? '') ?? '?'
      }
      const masters = nodes.filter(({ role }) => role === 'master')
      const counts = masters.map(slotCount)
      const colocated = nodes.filter(
        ({ of, address }) =>
          of !== undefined && nodeOf(address) === nodeOf(nodes.find(({ id }) => id === of)?.address ?? ''),
      )
      on.finding('redis.cluster.spread', {
        holds:
          masters.length === 3 &&
          counts.reduce((sum, count) => sum + count, 0) === SLOTS &&
          Math.max(...counts) - Math.min(...counts) <= 1 &&
          colocated.length === 0 &&
          nodes.filter(({ role }) => role === 'replica').length === 3,
        evidence: [lab.deployed, listed],
        detail: say("{slots}; {colocated} of {replicas} replicas on their master's node", {
          slots: joinTexts(
            masters.map((master) =>
              say('{slots} slots on {node}', { slots: slotCount(master), node: nodeOf(master.address) }),
            ),
          ),
          colocated: colocated.length,
          replicas: nodes.length - masters.length,
        }),
      })

      const calls = async (): Promise<Map<string, number>> =>
        new Map(
          [...(await query(on, lab, lab.servers, ['INFO', 'commandstats']))].map(([server, { reply }]) => [
            server,
            Number(/^cmdstat_incr(?:by)?:calls=(\d+)/m.exec(String(reply))?.[1] ?? 0),
          ]),
        )
      const owner = await currentMaster(on, lab)
      const before = await calls()
      const began = performance.now()
      const { answers } = await callMany(lab.endpoints, 'POST', '/api/counter/increment', {
        total: INCREMENTS,
        clients: 10,
      })
      const after = await calls()
      const increments = lab.servers.map((server) => ({
        server,
        calls: (after.get(server) ?? 0) - (before.get(server) ?? 0),
      }))
      const exhibit = on.record({
        title: 'Increments per server',
        durationMs: Math.round(performance.now() - began),
        command: say('POST /api/counter/increment, {n|time|times}; INFO commandstats of each node before and after', {
          n: INCREMENTS,
        }),
        stdout: lines(
          say('key "{key}": slot {slot}, served by {server} on {node}', {
            key: KEY,
            slot: slotOf(KEY),
            server: owner.server,
            node: owner.node,
          }),
          say('{n|increment|increments} acknowledged', { n: answers.length }),
          '',
          tableOf(
            increments.map(({ server, calls: count }) => [
              server,
              say('{n|increment|increments}', { n: count }),
              owner.replicas.includes(server) ? say('(as a replica of the master)') : '',
            ]),
          ),
        ),
      })
      const elsewhere = increments.filter(
        ({ server, calls: count }) => count > 0 && server !== owner.server && !owner.replicas.includes(server),
      )
      on.finding('redis.cluster.one-key', {
        holds:
          answers.length === 0
            ? null
            : elsewhere.length === 0 &&
              (increments.find(({ server }) => server === owner.server)?.calls ?? 0) >= answers.length &&
              ownerOf(nodes, slotOf(KEY))?.address === owner.address,
        evidence: [listed, exhibit],
        detail: say(
          '{server} took {taken} of {answers} acknowledged increments; it serves slot {slot} of key "{key}", and {elsewhere} of the other {masters} masters took any',
          {
            server: owner.server,
            taken: increments.find(({ server }) => server === owner.server)?.calls ?? 0,
            answers: answers.length,
            slot: slotOf(KEY),
            key: KEY,
            elsewhere: elsewhere.length,
            masters: masters.length - 1,
          },
        ),
      })
      reportFailover(on, lab, table, await loseMasterRepeatedly(on, lab, 'power'), 'redis.cluster.failover', 'reads')
    },
  )
