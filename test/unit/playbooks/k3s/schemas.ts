import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Namespace } from 'kubernetes-models/v1/Namespace'
import { Secret } from 'kubernetes-models/v1/Secret'
import { Service } from 'kubernetes-models/v1/Service'

interface Fault {
  readonly instancePath: string
  readonly message?: string
  readonly keyword: string
  readonly params: unknown
}
interface Model {
  readonly apiVersion: string
  readonly kind: string
  readonly prototype: { validate(): void }
}

/** Kubernetes' own schemas, compiled by ajv, from npm. Each model validates the object it is called on. */
const MODELS: readonly Model[] = [
  Namespace,
  ConfigMap,
  Secret,
  Service,
  Deployment,
  StatefulSet,
  PodDisruptionBudget,
  Ingress,
  NetworkPolicy,
  HorizontalPodAutoscaler,
]

/**
 * Schema errors of an object. The schemas allow unknown fields, as the API does with a warning; but each accesses every
 * field it knows, so a field that was never accessed does not exist in Kubernetes.
 */
export function faultsOf(object: { readonly apiVersion: string; readonly kind: string }): string[] {
  const model = MODELS.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind)
  if (model === undefined) return [`no schema for ${object.apiVersion} ${object.kind}`]
  const asked = new Set<string>()
  const faults = validate(model, watched(object, '', asked)).map(
    ({ instancePath, message, keyword, params }) =>
      `${instancePath}: ${message ?? `${keyword} ${JSON.stringify(params)}`}`,
  )
  return [
    ...faults,
    ...paths(object, '')
      .filter((path) => !asked.has(path))
      .map((path) => `${path}: there is no such field`),
  ]
}

function validate({ prototype }: Model, object: unknown): readonly Fault[] {
  try {
    prototype.validate.call(object)
    return []
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error)) throw error
    return error.errors as Fault[]
  }
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

/** Topmost paths only: below an unknown field, nothing is reported. */
function paths(value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [`${at}/${key}`, ...paths(item, `${at}/${key}`)])
}
