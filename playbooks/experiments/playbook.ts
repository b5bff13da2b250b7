import { playbook } from '../../src/labbook.ts'
import { swarmProof } from '../app/proof.ts'
import { appStack } from '../app/stack.ts'
import { docker } from '../docker/docker.ts'
import { labUp } from '../lab/lab.ts'
import { LOAD_EXPERIMENTS } from '../load/experiments.ts'
import { loadGenerators } from '../load/generators.ts'
import { registryUp } from '../registry/steps.ts'
import { BY_NAME, EXPERIMENTS } from '../swarm/experiments/index.ts'
import { swarm } from '../swarm/swarm.ts'

/** Load tests last: they need no fault, and take their time. */
const ALL = { ...EXPERIMENTS, ...LOAD_EXPERIMENTS }

export default playbook({
  name: 'experiments',
  description: 'Does things to the Swarm and its app, and records what comes of it. Each experiment puts back what it has disturbed.',
  words: {
    all: `every one of them, but for ${Object.keys(BY_NAME).join(', ')}`,
    ...Object.fromEntries(Object.entries({ ...ALL, ...BY_NAME }).map(([name, { name: title }]) => [name, title])),
  },
  severalWords: true,
  steps: (words) => [
    ...labUp, docker, ...registryUp, ...swarm, appStack, swarmProof,
    ...words.some((word) => word === 'all' || word in LOAD_EXPERIMENTS) ? [loadGenerators] : [],
    ...Object.entries(ALL).filter(([name]) => words.includes('all') || words.includes(name)).map(([, experiment]) => experiment),
    ...Object.entries(BY_NAME).filter(([name]) => words.includes(name)).map(([, experiment]) => experiment),
  ],
})
