import { type Message, messageText } from 'labbook'
import { say, verbatim } from '../../messages/say.ts'
import { entryPointsOf } from '../../prove/entry-points.ts'
import type { Port } from '../../stack/references.ts'
import { at, kindOf, type Manifest, mapsOf, objectName, textAt } from './manifests.ts'
import type { KubernetesEntryPoint, Workload } from './model.ts'
import { labelsOf, portNumber } from './workloads.ts'

const isSelected = (selector: Readonly<Record<string, string>>, { labels }: Pick<Workload, 'labels'>): boolean =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([key, value]) => labels[key] === value)

const servicesIn = (objects: readonly Manifest[]): Manifest[] => objects.filter((each) => kindOf(each) === 'Service')

/** The names of the workloads behind each Service. */
export const backendsOf = (
  objects: readonly Manifest[],
  workloads: readonly Pick<Workload, 'name' | 'labels'>[],
): Map<string, readonly string[]> =>
  new Map(
    servicesIn(objects).map((service) => {
      const selector = labelsOf(at(service, 'spec', 'selector'))
      return [objectName(service), workloads.filter((each) => isSelected(selector, each)).map(({ name }) => name)]
    }),
  )

/** The pod template's containers of a workload. */
const containersOf = (objects: readonly Manifest[], { kind, name }: Workload): readonly Manifest[] =>
  objects
    .filter((object) => kindOf(object) === kind && objectName(object) === name)
    .flatMap((object) => mapsOf(at(object, 'spec', 'template', 'spec', 'containers')))

/** The port of the container behind a port of a Service. */
const targetPort = (port: Manifest, containers: readonly Manifest[]): number => {
  const target = port.targetPort ?? port.port
  return containers.map((container) => portNumber(container, target)).find((number) => !Number.isNaN(number)) ?? 0
}

const REASONS: Readonly<Record<string, Message>> = {
  'path of the health check': say('path of the readiness probe'),
  'x-labbook': say('annotation {annotation}', { annotation: 'labbook/probe' }),
}

/**
 * The entry points: ports of Services of the types NodePort and LoadBalancer, and paths of Ingresses.
 *
 * @param ingressPort - the port of the Ingress controller on every node
 */
export const entryPointsIn = (
  objects: readonly Manifest[],
  workloads: readonly Workload[],
  ingressPort: number,
): KubernetesEntryPoint[] => [
  ...servicesIn(objects).flatMap((service) => servicePorts(service, objects, workloads)),
  ...objects
    .filter((each) => kindOf(each) === 'Ingress')
    .flatMap((ingress) => ingressPaths(ingress, objects, workloads, ingressPort)),
]

function servicePorts(
  service: Manifest,
  objects: readonly Manifest[],
  workloads: readonly Workload[],
): KubernetesEntryPoint[] {
  const type = textAt(at(service, 'spec', 'type'))
  if (type !== 'NodePort' && type !== 'LoadBalancer') return []
  const workload = workloadBehind(objectName(service), objects, workloads)
  if (workload === undefined) return []
  const containers = containersOf(objects, workload)
  const isLocal = at(service, 'spec', 'externalTrafficPolicy') === 'Local'
  const ports = mapsOf(at(service, 'spec', 'ports')).map(
    (port): Port => ({
      // A NodePort that is not set is known once the API server has allocated it.
      published: Number((type === 'NodePort' ? port.nodePort : port.port) ?? 0),
      target: targetPort(port, containers),
      protocol: (textAt(port.protocol) || 'TCP').toLowerCase(),
      mode: isLocal ? 'host' : 'ingress',
    }),
  )
  return entryPointsOf({ ...workload, ports }).map((each) => ({
    ...each,
    reason: REASONS[messageText(each.reason)] ?? each.reason,
  }))
}

function workloadBehind(
  service: string,
  objects: readonly Manifest[],
  workloads: readonly Workload[],
): Workload | undefined {
  const [name] = backendsOf(objects, workloads).get(service) ?? []
  return workloads.find((each) => each.name === name)
}

function ingressPaths(
  ingress: Manifest,
  objects: readonly Manifest[],
  workloads: readonly Workload[],
  port: number,
): KubernetesEntryPoint[] {
  return mapsOf(at(ingress, 'spec', 'rules')).flatMap((rule) =>
    mapsOf(at(rule, 'http', 'paths')).flatMap((each): KubernetesEntryPoint[] => {
      const workload = workloadBehind(textAt(at(each, 'backend', 'service', 'name')), objects, workloads)
      if (workload === undefined) return []
      const host = textAt(rule.host)
      const own = workload.overrides.probes?.filter(({ kind }) => kind === 'http') ?? []
      const path = textAt(each.path) || '/'
      return [
        {
          service: workload.name,
          port,
          mode: 'ingress',
          probes: own.length > 0 ? own : [{ kind: 'http', path }],
          reason:
            own.length > 0
              ? say('annotation {annotation}', { annotation: 'labbook/probe' })
              : verbatim(`Ingress ${objectName(ingress)}`),
          ...(host === '' ? {} : { host }),
        },
      ]
    }),
  )
}
