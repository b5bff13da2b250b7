import { imageBase, pushImages } from '../app/images/images.ts'
import { accessProof } from './access.ts'
import { credentials } from './credentials.ts'
import { registry, checkRegistry, removeRegistry, removeFromOtherHosts } from './registry.ts'
import { recreateProof, storageProof } from './storage.ts'
import { removeCa, login, installCa } from './trust.ts'

/** From certificate to images, in order of dependency. */
export const registryUp = [
  credentials,
  installCa,
  imageBase,
  registry,
  checkRegistry,
  login,
  removeFromOtherHosts,
  pushImages,
]

/** Removes the registry from all hosts; its CA and accounts stay on the controller. */
export const registryDown = [removeCa, removeRegistry]

export const registryProof = [storageProof, recreateProof, accessProof]
