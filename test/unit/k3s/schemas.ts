import { validate as configMap } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap'
import { validate as deployment } from 'kubernetes-models/_schemas/IoK8sApiAppsV1Deployment'
import { validate as autoscaler } from 'kubernetes-models/_schemas/IoK8sApiAutoscalingV2HorizontalPodAutoscaler'
import { validate as ingress } from 'kubernetes-models/_schemas/IoK8sApiNetworkingV1Ingress'
import { validate as namespace } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Namespace'
import { validate as networkPolicy } from 'kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy'
import { validate as budget } from 'kubernetes-models/_schemas/IoK8sApiPolicyV1PodDisruptionBudget'
import { validate as secret } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Secret'
import { validate as service } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Service'
import { validate as statefulSet } from 'kubernetes-models/_schemas/IoK8sApiAppsV1StatefulSet'

interface Fault { readonly instancePath: string; readonly message?: string; readonly keyword: string; readonly params: unknown }
type Validate = { (data: unknown): boolean; errors?: readonly Fault[] | null }

/** Kubernetes' own schemas, made into functions by ajv, from npm. */
const SCHEMAS = {
  'v1 Namespace': namespace, 'v1 ConfigMap': configMap, 'v1 Secret': secret, 'v1 Service': service, 'apps/v1 Deployment': deployment, 'apps/v1 StatefulSet': statefulSet,
  'policy/v1 PodDisruptionBudget': budget, 'networking.k8s.io/v1 Ingress': ingress, 'networking.k8s.io/v1 NetworkPolicy': networkPolicy,
  'autoscaling/v2 HorizontalPodAutoscaler': autoscaler,
} as unknown as Readonly<Record<string, Validate>>

/**
 * What is wrong with an object by its schema. The schemas allow fields they do not know, as the API does with a warning; but each asks for
 * every field that it knows. So a field that nothing has asked for is one that Kubernetes does not have.
 */
export function faultsOf(object: { readonly apiVersion: string; readonly kind: string }): string[] {
  const validate = SCHEMAS[`${object.apiVersion} ${object.kind}`]
  if (validate === undefined) return [`no schema for ${object.apiVersion} ${object.kind}`]
  const asked = new Set<string>()
  const fine = validate(watched(object, '', asked))
  const faults = fine ? [] : (validate.errors ?? []).map(({ instancePath, message, keyword, params }) => `${instancePath}: ${message ?? `${keyword} ${JSON.stringify(params)}`}`)
  return [...faults, ...paths(object, '').filter((path) => !asked.has(path)).map((path) => `${path}: there is no such field`)]
}

function watched(value: unknown, at: string, asked: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  return new Proxy(value, {
    get(target, key) {
      const item: unknown = Reflect.get(target, key)
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return item
      asked.add(`${at}/${key}`)
      return watched(item, `${at}/${key}`, asked)
    },
  })
}

/** The topmost paths come first: where a field is not known, what is in it is not told. */
function paths(value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [`${at}/${key}`, ...paths(item, `${at}/${key}`)])
}
