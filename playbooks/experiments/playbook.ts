import { playbook } from '../../src/labbook.ts'
import { appClosing, measureCapacity } from '../app/closing.ts'
import { swarmProof } from '../app/proof.ts'
import { appStack } from '../app/stack.ts'
import { LOAD_EXPERIMENTS } from '../load/experiments.ts'
import { loadGenerators } from '../load/generators.ts'
import { foundation } from '../site/steps.ts'
import { BY_NAME, EXPERIMENTS } from '../swarm/experiments/index.ts'
import { REDIS_EXPERIMENTS } from '../swarm/redis/experiments/index.ts'
import { swarm } from '../swarm/swarm.ts'

/** Load tests last: they need no fault, and take their time. */
const ALL = { ...EXPERIMENTS, ...LOAD_EXPERIMENTS }
const EVERY = { ...ALL, ...BY_NAME, ...REDIS_EXPERIMENTS }

export default playbook({
  name: 'experiments',
  description:
    'Does things to the Swarm and its app, and records what comes of it. Each experiment puts back what it has disturbed.',
  words: {
    all: `every one of them, but for ${Object.keys(BY_NAME).join(', ')} and those on Redis`,
    redis: 'those on Redis, with the comparison of its topologies at the end: more than an hour',
    ...Object.fromEntries(Object.entries(EVERY).map(([name, { name: title }]) => [name, title])),
  },
  severalWords: true,
  experiments: EVERY,
  steps: (words) => [
    ...foundation,
    ...swarm,
    ...appStack,
    swarmProof,
    ...(words.some((word) => word === 'all' || word in LOAD_EXPERIMENTS) ? [loadGenerators] : []),
    ...Object.entries(ALL)
      .filter(([name]) => words.includes('all') || words.includes(name))
      .map(([, experiment]) => experiment),
    ...Object.entries(BY_NAME)
      .filter(([name]) => words.includes(name))
      .map(([, experiment]) => experiment),
    ...Object.entries(REDIS_EXPERIMENTS)
      .filter(([name]) => words.includes('redis') || words.includes(name))
      .map(([, experiment]) => experiment),
  ],
  closing: appClosing((command, has) => (has('load.') ? [] : [measureCapacity(command)])),
})
