import type { MessageList } from 'labbook'
import { derivedTables, experimentTables } from '../../methods/experiment-preview.ts'
import { isNodeKind, KUBERNETES, workloadsOf, type KubernetesKind } from './kinds.ts'
import type { KubernetesEntryPoint, KubernetesModel } from './model.ts'

/** `8080`, or the host name of an Ingress. */
const describeEntryPoint = ({ port, host }: KubernetesEntryPoint): string =>
  `${host === undefined ? '' : `${host}:`}${port === 0 ? 'allocated' : port}`

/** The derived workloads and entry points, as tables. */
export const modelTables = (model: KubernetesModel): MessageList =>
  derivedTables(model, {
    service: 'WORKLOAD',
    kindOf: ({ kind }) => kind,
    noEntryPoints:
      'No entry points: no Service of type NodePort or LoadBalancer, and no Ingress, so only pods are watched.',
    addressOf: describeEntryPoint,
    ownNodes: 'nodes with a pod',
  })

/** Which experiments would run, on which workloads, and what they need. */
export const planTables = (
  model: KubernetesModel,
  kinds: readonly KubernetesKind[],
  named?: readonly string[],
): string[] =>
  experimentTables(
    'WORKLOADS',
    kinds.map((kind) => {
      const workloads = workloadsOf(kind, model, named)
      return [kind, isNodeKind(kind) ? workloads.filter((each) => each.kind !== 'DaemonSet') : workloads] as const
    }),
    KUBERNETES,
    model.services,
    named,
  )
