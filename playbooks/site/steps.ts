import type { Step } from '../../src/labbook.ts'
import { appProof, swarmProof } from '../app/proof.ts'
import { appStack } from '../app/stack.ts'
import { docker } from '../docker/docker.ts'
import { startBaseImage } from '../images/base.ts'
import { labUp } from '../lab/lab.ts'
import { accessProof } from '../registry/access.ts'
import { registryUp } from '../registry/steps.ts'
import { recreateProof, storageProof } from '../registry/storage.ts'
import { drain } from '../swarm/experiments/drain.ts'
import { swarm } from '../swarm/swarm.ts'

/** What a cluster needs before it is formed, Swarm or k3s: machines, Docker, the registry with its images. */
export const foundation: readonly Step[] = [startBaseImage, ...labUp, docker, ...registryUp]

/**
 * The Swarm and its app on that foundation, all proofs, and one experiment. While the nodes pull the app's images and
 * start it, the registry shows whom it serves; it is removed and started again when nobody pulls any more.
 */
export const quickStart: readonly Step[] = [
  ...swarm,
  ...appStack,
  accessProof,
  swarmProof,
  appProof,
  storageProof,
  recreateProof,
  drain,
]
