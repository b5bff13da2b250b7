import { imageBase, pushImages } from '../images/images.ts'
import { accessProof } from './access.ts'
import { credentials } from './credentials.ts'
import { registry, registryAnswers } from './registry.ts'
import { storageProof } from './storage.ts'
import { login, trust } from './trust.ts'

/** From certificate to images: in an order in which each finds what it needs. */
export const registryUp = [credentials, trust, imageBase, registry, registryAnswers, login, pushImages]

export const registryProof = [storageProof, accessProof]
