import type { PlaybookStep } from 'labbook'
import { extraImages } from '../app/images/images.ts'
import { foundation } from '../site/steps.ts'
import { swarm } from '../swarm/swarm.ts'
import { deployStack, logComposeWarnings, projectImagesIn, validateComposeFile } from './steps.ts'

/** Deploys the stack of a compose file, on a Swarm with the registry and the project's images. */
export const stackDeployment: readonly PlaybookStep[] = [
  logComposeWarnings,
  validateComposeFile,
  ...foundation,
  extraImages(projectImagesIn),
  ...swarm,
  deployStack,
]
