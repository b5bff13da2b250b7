import { tableLines } from 'labbook'
import { describeProbe } from '../../methods/entry-point.ts'
import { isNodeKind, KUBERNETES, workloadsFor, type KubernetesKind } from './kinds.ts'
import type { KubernetesEntryPoint, KubernetesModel } from './model.ts'

/** `8080`, or the host name of an Ingress. */
export const describeEntryPoint = ({ port, host }: KubernetesEntryPoint): string =>
  `${host === undefined ? '' : `${host}:`}${port === 0 ? 'allocated' : port}`

/** The derived workloads and entry points, as tables. */
export const modelTables = ({ services, entryPoints }: KubernetesModel): string[] => [
  ...tableLines([
    ['WORKLOAD', 'KIND', 'ROLE', 'BECAUSE OF', 'USES'],
    ...services.map(({ name, kind, role, roleReason, dependencies }) => [
      name,
      kind,
      role,
      roleReason,
      dependencies.join(', ') || '-',
    ]),
  ]),
  '',
  ...(entryPoints.length === 0
    ? ['No entry points: no Service of type NodePort or LoadBalancer, and no Ingress, so only pods are watched.']
    : tableLines([
        ['ENTRY POINT', 'WORKLOAD', 'ON', 'PROBE', 'BECAUSE OF'],
        ...entryPoints.map((each) => [
          describeEntryPoint(each),
          each.service,
          each.mode === 'host' ? 'nodes with a pod' : 'every node',
          each.probes.map(describeProbe).join('; '),
          each.reason,
        ]),
      ])),
]

/** Which experiments would run, on which workloads, and what they need. */
export function planTables(
  model: KubernetesModel,
  kinds: readonly KubernetesKind[],
  named?: readonly string[],
): string[] {
  const rows = kinds.map((kind) => [
    kind,
    workloadsFor(kind, model, named)
      .filter((each) => !isNodeKind(kind) || each.kind !== 'DaemonSet')
      .map(({ name }) => name)
      .join(', ') || '-',
    KUBERNETES[kind].needs,
  ])
  const stateful = model.services.filter(({ role, name }) => role === 'stateful' && named?.includes(name) !== true)
  return [
    ...tableLines([['EXPERIMENT', 'WORKLOADS', 'NEEDS'], ...rows]),
    ...(stateful.length === 0
      ? []
      : [
          '',
          `Not disturbed, because stateful: ${stateful.map(({ name }) => name).join(', ')}. ` +
            `To include one: -e services=${stateful[0]?.name ?? ''}`,
        ]),
  ]
}
