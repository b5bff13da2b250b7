import { PlaybookError } from 'labbook'
import { unknownName } from '../../methods/experiment-kinds.ts'
import { k3sAppVars } from '../vars.ts'
import { modelOfManifests } from './derive.ts'
import { KUBERNETES_KINDS, type KubernetesKind } from './kinds.ts'
import { manifestFiles, readManifestFiles, type Manifest } from './manifests.ts'
import type { KubernetesModel } from './model.ts'
import { kubernetesProveVars } from './vars.ts'

type Vars = Readonly<Record<string, unknown>>

/** The files of `-e manifests=...`. @throws {PlaybookError} if it is not set. */
export function selectedFiles(vars: Vars): string[] {
  const { manifests } = kubernetesProveVars.read(vars)
  if (manifests === undefined)
    throw new PlaybookError('no manifests selected: set a file or a directory with -e manifests=...')
  return manifestFiles(manifests)
}

/** What the manifests describe. @throws {PlaybookError} if they have errors. */
export function selectedModel(vars: Vars): { readonly model: KubernetesModel; readonly objects: readonly Manifest[] } {
  const objects = readManifestFiles(selectedFiles(vars)).map(({ object }) => object)
  return { objects, model: modelOfManifests(objects, k3sAppVars.read(vars).ingress_port) }
}

/** The experiments of `-e experiments=...`. @throws {PlaybookError} if one does not exist. */
export function selectedKinds(vars: Vars): readonly KubernetesKind[] {
  const { experiments } = kubernetesProveVars.read(vars)
  if (experiments === undefined) return KUBERNETES_KINDS
  const unknown = unknownName(experiments, KUBERNETES_KINDS)
  if (unknown !== undefined)
    throw new PlaybookError(
      `experiments: there is no "${unknown.name}": ${unknown.meant ?? `there are ${KUBERNETES_KINDS.join(', ')}`}`,
    )
  return KUBERNETES_KINDS.filter((kind) => experiments.includes(kind))
}

/** @throws {PlaybookError} if a workload of `-e services=...` does not exist. */
export function requireWorkloads({ services }: KubernetesModel, named: readonly string[] = []): void {
  const names = services.map(({ name }) => name)
  const unknown = unknownName(named, names)
  if (unknown === undefined) return
  throw new PlaybookError(
    `services: the manifests have no workload "${unknown.name}": ${unknown.meant ?? `they have ${names.join(', ')}`}`,
  )
}
