import { PlaybookError } from 'labbook'
import { requireValidAnnotations } from './annotations.ts'
import { backendsOf, entryPointsIn } from './entry-points.ts'
import { kindOf, type Manifest, objectName } from './manifests.ts'
import type { KubernetesModel } from './model.ts'
import { DEFAULT_NAMESPACE, namespaceIn, withDependencies, workloadsOf } from './workloads.ts'

const isWorkload = (object: Manifest): boolean =>
  ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'].includes(kindOf(object))

/**
 * Derives what to watch and what to disturb from manifests, or from the same objects in the cluster.
 *
 * @throws {PlaybookError} if there is no workload, or if workloads are in several namespaces.
 */
export function modelOfManifests(objects: readonly Manifest[], ingressPort: number): KubernetesModel {
  const own = objects.filter(isWorkload)
  if (own.length === 0)
    throw new PlaybookError('manifests: no Deployment, StatefulSet, DaemonSet or Job among the objects')
  const namespaces = [...new Set(own.map(namespaceIn))]
  if (namespaces.length > 1)
    throw new PlaybookError(
      `manifests: the workloads are in ${namespaces.length} namespaces (${namespaces.join(', ')}): prove one at a time`,
    )
  const names = own.map(objectName)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new PlaybookError(`manifests: two workloads are named "${twice}": findings could not tell them apart`)
  requireValidAnnotations(own)
  const settings = workloadsOf(objects)
  const services = withDependencies(settings, backendsOf(objects, settings))
  return {
    services,
    entryPoints: entryPointsIn(objects, services, ingressPort),
    namespace: namespaces[0] ?? DEFAULT_NAMESPACE,
  }
}
