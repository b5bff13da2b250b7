import { appClosing, measureCapacity } from '../app/closing.ts'
import { swarmProof } from '../app/proof.ts'
import { appStack } from '../app/stack.ts'
import { LOAD_EXPERIMENTS } from '../load/experiments.ts'
import { loadGenerators } from '../load/generators.ts'
import { foundation } from '../site/steps.ts'
import { OPT_IN_EXPERIMENTS, EXPERIMENTS } from '../swarm/experiments/index.ts'
import { REDIS_EXPERIMENTS } from '../redis/experiments/index.ts'
import { swarm } from '../swarm/swarm.ts'
import { projectPlaybook } from '../project.ts'

/** Load tests last: they inject no faults and take long. */
const ALL = { ...EXPERIMENTS, ...LOAD_EXPERIMENTS }
const EVERY = { ...ALL, ...OPT_IN_EXPERIMENTS, ...REDIS_EXPERIMENTS }

export default projectPlaybook({
  name: 'experiments',
  description:
    'Runs experiments on the Swarm and its app, and records the results. Each experiment rolls back its changes.',
  subcommands: {
    all: `all experiments except ${Object.keys(OPT_IN_EXPERIMENTS).join(', ')} and those on Redis`,
    redis: 'the experiments on Redis and a comparison of its topologies (more than one hour)',
    ...Object.fromEntries(Object.entries(EVERY).map(([name, { name: title }]) => [name, title])),
  },
  multipleSubcommands: true,
  experiments: EVERY,
  steps: (names) => [
    ...foundation,
    ...swarm,
    ...appStack,
    swarmProof,
    ...(names.some((name) => name === 'all' || name in LOAD_EXPERIMENTS) ? [loadGenerators] : []),
    ...Object.entries(ALL)
      .filter(([name]) => names.includes('all') || names.includes(name))
      .map(([, experiment]) => experiment),
    ...Object.entries(OPT_IN_EXPERIMENTS)
      .filter(([name]) => names.includes(name))
      .map(([, experiment]) => experiment),
    ...Object.entries(REDIS_EXPERIMENTS)
      .filter(([name]) => names.includes('redis') || names.includes(name))
      .map(([, experiment]) => experiment),
  ],
  closing: appClosing((command, has) => (has('load.') ? [] : [measureCapacity(command)])),
})
