import { imageBase, pushImages } from '../images/images.ts'
import { accessProof } from './access.ts'
import { credentials } from './credentials.ts'
import { registry, registryAnswers, registryGone, registryMoved } from './registry.ts'
import { recreateProof, storageProof } from './storage.ts'
import { distrust, login, trust } from './trust.ts'

/** From certificate to images: in an order in which each finds what it needs. */
export const registryUp = [credentials, trust, imageBase, registry, registryAnswers, login, registryMoved, pushImages]

/** What the registry left on the machines is taken away; its CA and accounts stay on the controller. */
export const registryDown = [distrust, registryGone]

export const registryProof = [storageProof, recreateProof, accessProof]
