import { type PlaybookStep, UsageError } from 'labbook'
import { swarmProof } from '../app/proof.ts'
import { appStackFor } from '../app/stack.ts'
import { foundation } from '../site/steps.ts'
import { recordCountBefore, compareCountAfter, redisStatus } from './proof.ts'
import { isTopology } from './switch.ts'
import { TOPOLOGIES } from './vars.ts'
import { swarm } from '../swarm/swarm.ts'
import { projectPlaybook } from '../project.ts'

function stepsOf(args: readonly string[]): readonly PlaybookStep[] {
  const [subcommand, topology, ...rest] = args
  if (subcommand === 'status' && topology === undefined) return [redisStatus]
  if (subcommand !== 'switch' || topology === undefined || !isTopology(topology) || rest.length > 0) {
    throw new UsageError(`use "status", or "switch" with a topology: ${TOPOLOGIES.join(', ')}`)
  }
  return [
    ...foundation,
    ...swarm,
    swarmProof,
    recordCountBefore,
    ...appStackFor(topology),
    compareCountAfter(topology),
    redisStatus,
  ]
}

export default projectPlaybook({
  name: 'redis',
  description: "Shows the status of the Counter app's Redis, or switches it to another topology and keeps the count.",
  subcommands: {
    status: 'show the active topology and the role of each server',
    switch:
      'switch to the given topology; also set redis_topology in the inventory, or the next run of site switches back',
    single: 'one server',
    replicas: 'one master and two replicas',
    sentinel: 'three servers and three Sentinels',
    cluster: 'three masters with one replica each',
  },
  multipleSubcommands: true,
  steps: stepsOf,
})
