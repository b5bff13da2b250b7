import { imageBase, pushImages } from '../images/images.ts'
import { accessProof } from './access.ts'
import { credentials } from './credentials.ts'
import { registry, registryAnswers, registryGone, registryMoved } from './registry.ts'
import { recreateProof, storageProof } from './storage.ts'
import { distrust, login, trust } from './trust.ts'

/** From certificate to images, in order of dependency. */
export const registryUp = [credentials, trust, imageBase, registry, registryAnswers, login, registryMoved, pushImages]

/** Removes the registry from all hosts; its CA and accounts stay on the controller. */
export const registryDown = [distrust, registryGone]

export const registryProof = [storageProof, recreateProof, accessProof]
