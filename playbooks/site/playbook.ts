import { playbook } from '../../src/labbook.ts'
import { tagged } from '../../src/run/tags.ts'
import { appProof, swarmProof } from '../app/proof.ts'
import { appStack } from '../app/stack.ts'
import { docker } from '../docker/docker.ts'
import { registryProof, registryUp } from '../registry/steps.ts'
import { LOAD_EXPERIMENTS } from '../load/experiments.ts'
import { loadGenerators } from '../load/generators.ts'
import { EXPERIMENTS } from '../swarm/experiments/index.ts'
import { REDIS_BY_TAG } from '../swarm/redis/experiments/index.ts'
import { comparison, measureK3s } from '../k3s/comparison/index.ts'
import { appPlays } from '../k3s/app.ts'
import { K3S_EXPERIMENTS } from '../k3s/experiments/index.ts'
import { clusterPlan, k3sUp } from '../k3s/install/index.ts'
import { swarm } from '../swarm/swarm.ts'
import { labUp } from '../lab/lab.ts'

/** Not part of the main job: `--tags k3s` asks for it, and for what it stands on. */
const k3s = [...k3sUp, ...appPlays, measureK3s, ...Object.values(K3S_EXPERIMENTS), comparison]

export default playbook({
  name: 'site',
  description: 'From no machines to a proven Swarm that serves the Counter app.',
  steps: [
    ...tagged('never', [clusterPlan]), ...tagged('k3s', [...labUp, docker, ...registryUp]),
    ...registryProof, ...swarm, ...appStack, swarmProof, appProof, ...Object.values(EXPERIMENTS),
    loadGenerators, ...Object.values(LOAD_EXPERIMENTS), ...REDIS_BY_TAG,
    ...tagged('never', tagged('k3s', k3s)),
  ],
})
