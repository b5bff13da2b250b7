import { experiment, type Experiment } from '../../../../src/labbook.ts'
import { callMany } from '../../../app/client.ts'
import { care, severalTimes, tellFailover } from './master-lost.ts'
import type { Notebook } from './notebook.ts'
import { masterLosesPower } from './support/disturbs.ts'
import { ask, clientCommand, deployLab, masterNow, nodesOfServices } from './support/lab.ts'
import { KEY } from './settings.ts'
import { ownerOf, readClusterNodes, slotCount, slotOf, SLOTS } from './support/replies.ts'

const INCREMENTS = 120

/** Where slots and the counter are, and what happens when the counter's master is lost. */
export const cluster = (notebook: Notebook): Experiment =>
  experiment(
    'A cluster, and one counter in it',
    {
      hosts: 'swarm_managers[0]',
      tags: ['redis', 'redis-cluster'],
      disturbs: masterLosesPower,
      hypothesis:
        'A cluster spreads keys over its masters by their slots. One counter is one key: it lives on one master, whatever the number of nodes, and that ' +
        'master takes all its changes. When it is lost its replica takes the slots; the other masters go on meanwhile. With none left to confirm them, changes to its ' +
        'keys are refused until the node is back.',
      proves: {
        'redis.cluster.spread':
          "The slots are spread over three masters evenly, and no replica is on its master's node",
        'redis.cluster.one-key': 'One counter key lives on one master, which takes all its increments',
        'redis.cluster.failover':
          "With the node of the counter's master gone, its replica is master without anyone's help, and the count can be read",
        'redis.cluster.failover.loss': 'No acknowledged increment is lost by the failover of the cluster',
      },
      ...care,
    },
    async (on) => {
      const lab = await deployLab(on, 'cluster', { app: true })
      const any = lab.servers[0] as string
      const listed = await on.exhibit({
        title: 'Nodes of the cluster',
        command: clientCommand(lab.stack, 'ask', any, 'CLUSTER', 'NODES'),
        shown: 'CLUSTER NODES',
      })
      const nodes = readClusterNodes(String((await ask(on, lab, [any], ['CLUSTER', 'NODES'])).get(any)?.reply ?? ''))
      const [places, addresses] = [await nodesOfServices(on, lab), await ask(on, lab, lab.servers, ['PING'])]
      const placeOf = (address: string): string => {
        const server = lab.servers.find((each) => addresses.get(each)?.address === address)
        return places.get(server?.split(':')[0] ?? '') ?? '?'
      }
      const masters = nodes.filter(({ role }) => role === 'master')
      const counts = masters.map(slotCount)
      const together = nodes.filter(
        ({ of, address }) =>
          of !== undefined && placeOf(address) === placeOf(nodes.find(({ id }) => id === of)?.address ?? ''),
      )
      on.finding('redis.cluster.spread', {
        holds:
          masters.length === 3 &&
          counts.reduce((sum, count) => sum + count, 0) === SLOTS &&
          Math.max(...counts) - Math.min(...counts) <= 1 &&
          together.length === 0 &&
          nodes.filter(({ role }) => role === 'replica').length === 3,
        evidence: [lab.deployed, listed],
        detail: `${masters.map((master) => `${slotCount(master)} slots on ${placeOf(master.address)}`).join(', ')}; ${together.length} of ${nodes.length - masters.length} replicas beside their master`,
      })

      const calls = async (): Promise<Map<string, number>> =>
        new Map(
          [...(await ask(on, lab, lab.servers, ['INFO', 'commandstats']))].map(([server, { reply }]) => [
            server,
            Number(/^cmdstat_incr(?:by)?:calls=(\d+)/m.exec(String(reply))?.[1] ?? 0),
          ]),
        )
      const owner = await masterNow(on, lab)
      const before = await calls()
      const began = performance.now()
      const { answers } = await callMany(lab.doors, 'POST', '/api/counter/increment', {
        total: INCREMENTS,
        clients: 10,
      })
      const after = await calls()
      const took = lab.servers.map((server) => ({
        server,
        calls: (after.get(server) ?? 0) - (before.get(server) ?? 0),
      }))
      const who = on.record({
        title: 'Who takes the increments',
        durationMs: Math.round(performance.now() - began),
        command: `POST /api/counter/increment, ${INCREMENTS} times; INFO commandstats of each node before and after`,
        stdout: [
          `key "${KEY}": slot ${slotOf(KEY)}, served by ${owner.server} on ${owner.node}`,
          `${answers.length} increments acknowledged`,
          '',
          ...took.map(
            ({ server, calls: count }) =>
              `${server.padEnd(24)} ${count} increments${owner.replicas.includes(server) ? ' (as a replica of the master)' : ''}`,
          ),
        ].join('\n'),
      })
      const elsewhere = took.filter(
        ({ server, calls: count }) => count > 0 && server !== owner.server && !owner.replicas.includes(server),
      )
      on.finding('redis.cluster.one-key', {
        holds:
          answers.length === 0
            ? null
            : elsewhere.length === 0 &&
              (took.find(({ server }) => server === owner.server)?.calls ?? 0) >= answers.length &&
              ownerOf(nodes, slotOf(KEY))?.address === owner.address,
        evidence: [listed, who],
        detail: `slot ${slotOf(KEY)} of key "${KEY}" is served by one of ${masters.length} masters, and it took all ${answers.length} increments: more masters do not make one counter quicker`,
      })
      tellFailover(on, lab, notebook, await severalTimes(on, lab, 'power'), 'redis.cluster.failover', 'reads')
    },
  )
