import type { Message } from 'labbook'
import { say, verbatim } from '../../messages/say.ts'
import { modelOf } from '../../prove/classify.ts'
import type { Mount, ServiceSettings } from '../../prove/model.ts'
import { overridesOf } from '../../prove/x-labbook.ts'
import { overridesIn } from './annotations.ts'
import {
  at,
  kindOf,
  type Manifest,
  mapOf,
  mapsOf,
  objectName,
  objectNamespace,
  textAt,
  type Value,
} from './manifests.ts'
import type { Workload, WorkloadContainer } from './model.ts'

/** What the derivation knows of a workload before it compares it with the others. */
export type WorkloadSettings = ServiceSettings & Omit<Workload, 'role' | 'roleReason' | 'dependencies'>

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job'] as const
type WorkloadKind = (typeof KINDS)[number]

export const DEFAULT_NAMESPACE = 'default'
/** The API server adds this toleration to every pod that has none. */
const DEFAULT_TOLERATION = 300
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const UNREACHABLE = 'node.kubernetes.io/unreachable'

const isWorkload = (kind: string): kind is WorkloadKind => (KINDS as readonly string[]).includes(kind)

export const namespaceIn = (object: Manifest): string => objectNamespace(object) || DEFAULT_NAMESPACE

/** The workloads among objects. A CronJob starts Jobs, which are one-shot. */
export const workloadsOf = (objects: readonly Manifest[]): WorkloadSettings[] =>
  objects.flatMap((object) => {
    const kind = kindOf(object)
    if (kind === 'CronJob')
      return [settingsOf({ ...object, spec: at(object, 'spec', 'jobTemplate', 'spec') }, 'Job', objects)]
    return isWorkload(kind) ? [settingsOf(object, kind, objects)] : []
  })

function settingsOf(object: Manifest, kind: WorkloadKind, objects: readonly Manifest[]): WorkloadSettings {
  const name = objectName(object)
  const spec = mapOf(object.spec)
  const pod = mapOf(at(spec, 'template', 'spec'))
  const containers = mapsOf(pod.containers)
  const labels = labelsOf(at(spec, 'template', 'metadata', 'labels'))
  const overrides = overridesOf({ 'x-labbook': overridesIn(object) })
  return {
    name,
    kind,
    labels,
    selector: Object.entries(labelsOf(at(spec, 'selector', 'matchLabels')))
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    image: textAt(containers[0]?.image),
    mode: kind === 'Job' ? 'replicated-job' : kind === 'DaemonSet' ? 'global' : 'replicated',
    replicas: kind === 'DaemonSet' ? 1 : Number(spec.replicas ?? 1),
    ports: [],
    mounts: mountsOf(spec, pod, containers),
    healthcheck: readinessOf(containers),
    restart: kind === 'Job' ? 'on-failure' : 'any',
    updateOrder: stopsFirst(spec, kind) ? 'stop-first' : 'start-first',
    rollbackOrder: stopsFirst(spec, kind) ? 'stop-first' : 'start-first',
    failureAction: 'pause',
    parallelism: 1,
    maxPerNode: 0,
    constraints: [],
    hasMemoryLimit: containers.every(hasMemoryLimit),
    dependsOn: [],
    environment: containers.flatMap((container) => environmentOf(container, objects)),
    command: containers.flatMap(({ command, args }) => [...listOf(command), ...listOf(args)]).join(' '),
    configText: configsOf(pod, objects),
    overrides,
    containers: containers.map(containerOf),
    strategy: strategyOf(spec, kind),
    stopsFirst: stopsFirst(spec, kind),
    grace: Number(pod.terminationGracePeriodSeconds ?? 30),
    evictedAfter: Number(
      mapsOf(pod.tolerations).find(({ key }) => key === UNREACHABLE)?.tolerationSeconds ?? DEFAULT_TOLERATION,
    ),
    autoscaler: autoscalerOf(objects, kind, name),
    hostPaths: hostPathsOf(pod, containers),
    isPinned: pod.nodeSelector !== undefined || at(pod, 'affinity', 'nodeAffinity', REQUIRED) !== undefined,
  }
}

const listOf = (value: Value): string[] => (Array.isArray(value) ? (value as readonly Value[]).map(textAt) : [])

export const labelsOf = (value: Value): Record<string, string> =>
  Object.fromEntries(Object.entries(mapOf(value)).map(([key, each]) => [key, textAt(each)]))

const hasMemoryLimit = (container: Manifest): boolean => at(container, 'resources', 'limits', 'memory') !== undefined

const containerOf = (container: Manifest): WorkloadContainer => ({
  name: textAt(container.name),
  image: textAt(container.image),
  hasMemoryLimit: hasMemoryLimit(container),
  hasReadinessProbe: container.readinessProbe !== undefined,
  hasLivenessProbe: container.livenessProbe !== undefined,
})

const strategyOf = (spec: Manifest, kind: WorkloadKind): string =>
  textAt(at(spec, kind === 'Deployment' ? 'strategy' : 'updateStrategy', 'type')) || 'RollingUpdate'

/** Only a Deployment can start a pod before it stops another; by default it stops a quarter first, rounded down. */
function stopsFirst(spec: Manifest, kind: WorkloadKind): boolean {
  if (kind !== 'Deployment') return true
  if (strategyOf(spec, kind) === 'Recreate') return true
  const unavailable = textAt(at(spec, 'strategy', 'rollingUpdate', 'maxUnavailable')) || '25%'
  const replicas = Number(spec.replicas ?? 1)
  return unavailable.endsWith('%')
    ? Math.floor((replicas * Number(unavailable.slice(0, -1))) / 100) > 0
    : Number(unavailable) > 0
}

/** The request of a readiness probe, in the form in which entry points read health checks. */
function readinessOf(containers: readonly Manifest[]): string | undefined {
  const [found] = containers.flatMap((container) => {
    const get = at(container, 'readinessProbe', 'httpGet')
    if (get === undefined) return []
    const port = portNumber(container, at(get, 'port'))
    return [`http://localhost:${port}${textAt(at(get, 'path')) || '/'}`]
  })
  return found
}

/** The number of a port that may be a name. */
export function portNumber(container: Manifest, port: Value): number {
  const named = mapsOf(container.ports).find(({ name }) => name === port)
  return Number(named?.containerPort ?? port)
}

const claimsIn = (volume: Manifest): string => textAt(at(volume, 'persistentVolumeClaim', 'claimName'))

function mountsOf(spec: Manifest, pod: Manifest, containers: readonly Manifest[]): Mount[] {
  const templates = mapsOf(spec.volumeClaimTemplates).map(objectName)
  const volumes = new Map(mapsOf(pod.volumes).map((volume) => [textAt(volume.name), volume]))
  return containers.flatMap(({ volumeMounts }) =>
    mapsOf(volumeMounts).flatMap((mount): Mount[] => {
      const name = textAt(mount.name)
      const volume = volumes.get(name) ?? {}
      const claim = templates.includes(name) ? name : claimsIn(volume)
      const directory = textAt(at(volume, 'hostPath', 'path'))
      if (claim === '' && directory === '') return []
      return [
        {
          type: claim === '' ? 'bind' : 'volume',
          source: claim === '' ? directory : claim,
          target: textAt(mount.mountPath),
          readOnly: mount.readOnly === true,
          driver: claim === '' ? 'local' : 'claim',
        },
      ]
    }),
  )
}

const hostPathsOf = (pod: Manifest, containers: readonly Manifest[]): string[] =>
  mountsOf({}, pod, containers)
    .filter(({ type, readOnly }) => type === 'bind' && !readOnly)
    .map(({ source }) => source)

const configMap = (objects: readonly Manifest[], name: string): Manifest =>
  mapOf(objects.find((object) => kindOf(object) === 'ConfigMap' && objectName(object) === name)?.data)

/** `NAME=value` of a container, with the values of ConfigMaps. Values of Secrets are not read. */
function environmentOf(container: Manifest, objects: readonly Manifest[]): string[] {
  const own = mapsOf(container.env).map((entry) => {
    const reference = at(entry, 'valueFrom', 'configMapKeyRef')
    const value =
      reference === undefined
        ? textAt(entry.value)
        : textAt(configMap(objects, textAt(at(reference, 'name')))[textAt(at(reference, 'key'))])
    return `${textAt(entry.name)}=${value}`
  })
  const all = mapsOf(container.envFrom).flatMap((source) =>
    Object.entries(configMap(objects, textAt(at(source, 'configMapRef', 'name')))).map(
      ([name, value]) => `${name}=${textAt(value)}`,
    ),
  )
  return [...all, ...own]
}

/** The text of mounted ConfigMaps. */
const configsOf = (pod: Manifest, objects: readonly Manifest[]): string =>
  mapsOf(pod.volumes)
    .flatMap((volume) => Object.values(configMap(objects, textAt(at(volume, 'configMap', 'name')))))
    .map(textAt)
    .join('\n')

const autoscalerOf = (objects: readonly Manifest[], kind: string, name: string): string =>
  objects
    .filter((object) => kindOf(object) === 'HorizontalPodAutoscaler')
    .filter((object) => {
      const target = mapOf(at(object, 'spec', 'scaleTargetRef'))
      return target.kind === kind && target.name === name
    })
    .map(objectName)[0] ?? ''

/** The names of Services as services of a stack, so that dependencies are found by them: `redis://cache:6379`. */
export function withDependencies(
  workloads: readonly WorkloadSettings[],
  backends: ReadonlyMap<string, readonly string[]>,
): Workload[] {
  const aliases = [...backends.keys()].filter((name) => workloads.every((each) => each.name !== name))
  const [pattern] = workloads
  if (pattern === undefined) return []
  const all = modelOf([
    ...workloads.map((each) => shortNames(each, [...backends.keys()])),
    ...aliases.map((name): ServiceSettings => ({ ...EMPTY, name })),
  ]).services
  return workloads.map((workload): Workload => {
    const found = all.find(({ name }) => name === workload.name)
    const used = (found?.dependencies ?? []).flatMap((name) => backends.get(name) ?? [name])
    const [role, roleReason] = roleOf(workload, found?.role ?? 'stateless', found?.roleReason ?? verbatim(''))
    return {
      ...workload,
      role,
      roleReason,
      dependencies: [...new Set(used)].filter((name) => name !== workload.name),
    }
  })
}

const EMPTY: Omit<ServiceSettings, 'name'> = {
  image: '',
  mode: 'replicated',
  replicas: 1,
  ports: [],
  mounts: [],
  healthcheck: undefined,
  restart: 'any',
  updateOrder: 'start-first',
  rollbackOrder: 'start-first',
  failureAction: 'pause',
  parallelism: 1,
  maxPerNode: 0,
  constraints: [],
  hasMemoryLimit: true,
  dependsOn: [],
  environment: [],
  command: '',
  configText: '',
  overrides: {},
}

/** `redis` for `redis.shop.svc.cluster.local`. */
function shortNames(workload: WorkloadSettings, names: readonly string[]): WorkloadSettings {
  const shortened = (text: string): string =>
    names.reduce(
      (all, name) =>
        all.replaceAll(
          new RegExp(`(^|[^\\w.-])${name}\\.[a-z0-9-]+(\\.svc(\\.[\\w.-]+?)?)?(?=[:/,\\s]|$)`, 'g'),
          `$1${name}`,
        ),
      text,
    )
  return {
    ...workload,
    environment: workload.environment.map(shortened),
    command: shortened(workload.command),
    configText: shortened(workload.configText),
  }
}

function roleOf(
  { kind, overrides, replicas }: WorkloadSettings,
  role: Workload['role'],
  reason: Message,
): readonly [Workload['role'], Message] {
  if (overrides.role !== undefined)
    return [overrides.role, say('annotation {annotation}', { annotation: 'labbook/role' })]
  if (kind === 'Job') return ['one-shot', verbatim('Job')]
  if (kind === 'StatefulSet') return ['stateful', verbatim('StatefulSet')]
  if (role === 'global') return ['global', verbatim('DaemonSet')]
  return role === 'stateless' ? [role, say('Deployment, {n|replica|replicas}', { n: replicas })] : [role, reason]
}
