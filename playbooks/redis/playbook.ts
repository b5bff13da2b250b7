import { playbook, type Step } from '../../src/labbook.ts'
import { UsageError } from '../../src/cli/usage-error.ts'
import { swarmProof } from '../app/proof.ts'
import { appStackWith } from '../app/stack.ts'
import { foundation } from '../site/steps.ts'
import { countBefore, keepsCount, redisStatus } from '../swarm/redis/proof.ts'
import { isTopology } from '../swarm/redis/switch.ts'
import { TOPOLOGIES } from '../swarm/redis/variables.ts'
import { swarm } from '../swarm/swarm.ts'

function stepsOf(words: readonly string[]): readonly Step[] {
  const [verb, topology, ...more] = words
  if (verb === 'status' && topology === undefined) return [redisStatus]
  if (verb !== 'switch' || topology === undefined || !isTopology(topology) || more.length > 0) {
    throw new UsageError(`say "status", or "switch" and where to: ${TOPOLOGIES.join(', ')}`)
  }
  return [
    ...foundation,
    ...swarm,
    swarmProof,
    countBefore,
    ...appStackWith(topology),
    keepsCount(topology),
    redisStatus,
  ]
}

export default playbook({
  name: 'redis',
  description:
    'The Redis of the Counter app: how it is, and switching the running system to another topology with its count.',
  words: {
    status: 'which topology has the count, and who is master and replica in it',
    switch:
      'to the topology named next; write it into the inventory as well (redis_topology), or the next run of site switches back',
    single: 'one server',
    replicas: 'a server and two replicas',
    sentinel: 'three servers and three Sentinels',
    cluster: 'three masters with a replica each',
  },
  severalWords: true,
  steps: stepsOf,
})
