import type { PlaybookStep } from 'labbook'
import { appProof, swarmProof } from '../app/proof.ts'
import { appStack } from '../app/stack.ts'
import { docker } from '../docker/docker.ts'
import { startBaseImage } from '../app/images/base.ts'
import { labUp } from '../lab/lab.ts'
import { accessProof } from '../registry/access.ts'
import { registryUp } from '../registry/steps.ts'
import { recreateProof, storageProof } from '../registry/storage.ts'
import { drain } from '../swarm/experiments/drain.ts'
import { swarm } from '../swarm/swarm.ts'

/** Prerequisites of a Swarm or k3s cluster: hosts, Docker, the registry with its images. */
export const foundation: readonly PlaybookStep[] = [startBaseImage, ...labUp, docker, ...registryUp]

/**
 * The Swarm and its app on that foundation, all checks, and one experiment. Registry access is checked while the nodes
 * pull and start the app; the registry is recreated only after all pulls have finished.
 */
export const quickStart: readonly PlaybookStep[] = [
  ...swarm,
  ...appStack,
  accessProof,
  swarmProof,
  appProof,
  storageProof,
  recreateProof,
  drain,
]
