import { parseAllDocuments, stringify } from 'yaml'
import { Secret, secret } from '../../values/secret.ts'

/** An object of a manifest. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [key: string]: unknown
}

/** An invalid manifest; the message says where and how to fix it. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
}

/** Built-in cluster-scoped kinds. Other kinds are cluster-scoped if their name begins with `Cluster`. */
const CLUSTER_WIDE = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'StorageClass',
  'VolumeAttachment',
  'VolumeAttributesClass',
  'CSIDriver',
  'CSINode',
  'IngressClass',
  'PriorityClass',
  'RuntimeClass',
  'CustomResourceDefinition',
  'APIService',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'CertificateSigningRequest',
  'FlowSchema',
  'PriorityLevelConfiguration',
  'GatewayClass',
])

const isClusterWide = (kind: string): boolean => CLUSTER_WIDE.has(kind) || kind.startsWith('Cluster')

/** Apply order: dependencies first, kinds that are not listed last. */
const ORDER = [
  'Namespace',
  'CustomResourceDefinition',
  'PriorityClass',
  'StorageClass',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicaSet',
  'StatefulSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
]
const rank = ({ kind }: KubeObject): number => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length)

/** Shorter values of Secrets also occur as common words, which would be masked everywhere. */
const SHORTEST_SECRET = 8

/**
 * Parses YAML documents as Kubernetes does (YAML 1.1: `0644` is octal). Lists are flattened.
 *
 * @param name - of the text, for messages
 * @throws {ManifestError}
 */
export function readManifests(text: string, name: string): KubeObject[] {
  return parseAllDocuments(text, { version: '1.1', merge: true }).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw new ManifestError(`${name}: ${error.message.split('\n')[0]?.replace(/:$/, '')}`)
    return objectsIn(document.toJS() as unknown, name)
  })
}

/**
 * The objects of a value: an object, an array or a Kubernetes List. Secrets in it are revealed.
 *
 * @throws {ManifestError}
 */
export function objectsIn(value: unknown, name: string): KubeObject[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value.flatMap((item) => objectsIn(item, name))
  if (typeof value !== 'object')
    throw new ManifestError(`${name}: expected an object, got ${typeof value === 'string' ? 'text' : typeof value}`)
  const object = revealSecrets(value) as Partial<KubeObject> & { readonly items?: unknown }
  if (typeof object.apiVersion !== 'string') throw new ManifestError(`${name}: an object has no apiVersion`)
  if (typeof object.kind !== 'string') throw new ManifestError(`${name}: an object has no kind`)
  if (object.kind === 'List' || (object.kind.endsWith('List') && Array.isArray(object.items)))
    return objectsIn(object.items, name)
  if (typeof object.metadata?.name !== 'string' || object.metadata.name === '') {
    throw new ManifestError(`${name}: a ${object.kind} has no metadata.name (generateName is not idempotent)`)
  }
  return [object as KubeObject]
}

/** A copy with secrets revealed. */
function revealSecrets(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (Array.isArray(value)) return value.map(revealSecrets)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revealSecrets(item)]))
}

/**
 * The objects to send: dependencies first, with the default namespace. Values of Secrets are masked from then on.
 *
 * @throws {ManifestError} an object is defined twice.
 */
export function prepareObjects(objects: readonly KubeObject[], namespace: string | undefined): KubeObject[] {
  const all = objects.map((object) =>
    namespace === undefined || isClusterWide(object.kind) || object.metadata.namespace !== undefined
      ? object
      : { ...object, metadata: { ...object.metadata, namespace } },
  )
  const texts = new Map<string, string>()
  for (const object of all) {
    const text = JSON.stringify(object)
    const before = texts.get(keyOf(object))
    if (before !== undefined)
      throw new ManifestError(
        `${nameOf(object)} is defined twice${before === text ? '' : ' with different content'}: remove one`,
      )
    texts.set(keyOf(object), text)
    if (object.kind === 'Secret') maskValues(object)
  }
  return all.map(encodeStringData).toSorted((a, b) => rank(a) - rank(b))
}

/** The server encodes `stringData` and loses its field ownership: keys removed from the manifest would stay. */
function encodeStringData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object
  if (object.kind !== 'Secret' || typeof stringData !== 'object' || stringData === null) return object
  const values = Object.entries(stringData).map(([key, text]: [string, unknown]) => [
    key,
    Buffer.from(String(text)).toString('base64'),
  ])
  return {
    ...rest,
    data: { ...(rest.data as object | undefined), ...(Object.fromEntries(values) as object) },
  }
}

function maskValues({ data, stringData }: KubeObject): void {
  const mask = (text: string): void => {
    if (text.length >= SHORTEST_SECRET) secret(text)
  }
  for (const text of Object.values((stringData ?? {}) as Record<string, unknown>)) mask(String(text))
  for (const text of Object.values((data ?? {}) as Record<string, unknown>)) {
    mask(String(text))
    const plain = Buffer.from(String(text), 'base64').toString('utf8')
    if (!/[\0\uFFFD]/.test(plain)) mask(plain)
  }
}

/** Namespace of an object; empty if it is cluster-scoped or in the context's default namespace. */
export const namespaceOf = ({ metadata }: KubeObject): string => metadata.namespace ?? ''

/** `Deployment shop/web`, for messages. */
export const nameOf = (object: KubeObject): string =>
  `${object.kind} ${namespaceOf(object) === '' ? '' : `${namespaceOf(object)}/`}${object.metadata.name}`

const groupOf = ({ apiVersion }: KubeObject): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : ''

/** Identity of an object, regardless of its API version. */
export const keyOf = (object: KubeObject): string =>
  [groupOf(object), object.kind, namespaceOf(object), object.metadata.name].join('|')

/** Name in `kubectl -o name`: `deployment.apps/web`. */
export const resourceOf = (object: KubeObject): string =>
  `${object.kind.toLowerCase()}${groupOf(object) === '' ? '' : `.${groupOf(object)}`}/${object.metadata.name}`

/**
 * File name in `kubectl diff`: `apps.v1.Deployment.shop.web`. An object without a namespace is in the context's
 * default namespace.
 */
export const diffName = (object: KubeObject): string =>
  [object.apiVersion.replace('/', '.'), object.kind, namespaceOf(object), object.metadata.name].join('.')

/** An object for display: without server-managed fields, with values of Secrets masked. */
export function displayYaml(object: unknown, other?: unknown): string {
  if (object === null || object === undefined) return ''
  const { metadata = {}, ...rest } = object as Record<string, unknown> & { metadata?: Record<string, unknown> }
  delete rest.status
  const own = Object.fromEntries(Object.entries(metadata).filter(([key]) => !SERVER_MANAGED.has(key)))
  const annotations = Object.fromEntries(Object.entries(own.annotations ?? {}).filter(([key]) => key !== LAST_APPLIED))
  if ('annotations' in own) {
    if (Object.keys(annotations).length > 0) own.annotations = annotations
    else delete own.annotations
  }
  const { apiVersion, kind, ...content } = rest
  const complete = { apiVersion, kind, metadata: own, ...content }
  return stringify(kind === 'Secret' ? maskedSecret(complete, other) : complete, { lineWidth: 0, sortMapEntries: true })
}

const SERVER_MANAGED = new Set([
  'managedFields',
  'creationTimestamp',
  'generation',
  'resourceVersion',
  'uid',
  'selfLink',
])
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Masks values of a Secret, showing only that they differ. kubectl masks as well, with its own markers. */
function maskedSecret(object: Record<string, unknown>, other: unknown): Record<string, unknown> {
  const mask = (part: 'data' | 'stringData'): object => {
    const values = object[part]
    if (typeof values !== 'object' || values === null) return {}
    const others = ((other as Record<string, unknown> | undefined)?.[part] ?? {}) as Record<string, unknown>
    return {
      [part]: Object.fromEntries(
        Object.entries(values).map(([key, value]: [string, unknown]) => [
          key,
          /^\*\*\*( \((before|after)\))?$/.test(String(value))
            ? value
            : key in others && others[key] !== value
              ? '*** (another value)'
              : '***',
        ]),
      ),
    }
  }
  return { ...object, ...mask('data'), ...mask('stringData') }
}
