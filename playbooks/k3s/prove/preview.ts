import { type MessageList, tableLines } from 'labbook'
import { joinTexts, lines, say, tableOf } from '../../messages/say.ts'
import { probeText } from '../../methods/entry-point.ts'
import { isNodeKind, KUBERNETES, workloadsFor, type KubernetesKind } from './kinds.ts'
import type { KubernetesEntryPoint, KubernetesModel } from './model.ts'

/** `8080`, or the host name of an Ingress. */
export const describeEntryPoint = ({ port, host }: KubernetesEntryPoint): string =>
  `${host === undefined ? '' : `${host}:`}${port === 0 ? 'allocated' : port}`

/** The derived workloads and entry points, as tables. */
export const modelTables = ({ services, entryPoints }: KubernetesModel): MessageList =>
  lines(
    tableOf([
      [say('WORKLOAD'), say('KIND'), say('ROLE'), say('BECAUSE OF'), say('USES')],
      ...services.map(({ name, kind, role, roleReason, dependencies }) => [
        name,
        kind,
        say(role),
        roleReason,
        dependencies.join(', ') || '-',
      ]),
    ]),
    '',
    entryPoints.length === 0
      ? say('No entry points: no Service of type NodePort or LoadBalancer, and no Ingress, so only pods are watched.')
      : tableOf([
          [say('ENTRY POINT'), say('WORKLOAD'), say('ON'), say('PROBE'), say('BECAUSE OF')],
          ...entryPoints.map((each) => [
            describeEntryPoint(each),
            each.service,
            say(each.mode === 'host' ? 'nodes with a pod' : 'every node'),
            joinTexts(each.probes.map(probeText), '; '),
            each.reason,
          ]),
        ]),
  )

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
