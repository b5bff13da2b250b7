import { Secret } from '../../values/secret.ts'
import { probeAbsent, probePresent } from './probe.ts'
import { namespaceOf, type KubeObject } from './objects.ts'
import { schema } from './params.ts'
import { CLUSTER, planAbsent, planPresent, problemOf } from './plan.ts'
import { filesOf, manifestObjects } from './manifests.ts'
import type { Plan } from '../module.ts'
import { contentOf } from '../support/effects.ts'
import { defineModule } from '../task.ts'

export interface K8s {
  /** The objects of the manifests, in the order they are applied in. */
  readonly objects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[]
}

/**
 * Manages Kubernetes objects by server-side apply with Labbook as field manager. The server computes the differences
 * (`kubectl diff`), and only objects that differ are applied. Fields owned by other managers are a conflict, and an
 * error that names them.
 */
export const k8s = defineModule<typeof schema, K8s>({
  name: 'k8s',
  schema,
  title: ({ src, template, definition, state }) => {
    const objects =
      typeof definition === 'object' && !(definition instanceof Secret)
        ? ([definition].flat() as Partial<KubeObject>[])
        : []
    const subject =
      [...(template ?? []), ...(src ?? []), ...objects.map(({ kind, metadata }) => `${kind} ${metadata?.name}`)].join(
        ', ',
      ) || 'manifests'
    return state === 'absent' ? `${subject} absent` : subject
  },
  inputs: (params) => Object.fromEntries(filesOf(params).map((file) => [file, file])),
  reads: ({ kubeconfig }) => [
    CLUSTER,
    'unit:k3s.service',
    ...contentOf('/usr/local/bin/k3s'),
    ...contentOf(kubeconfig ?? '/etc/rancher/k3s/k3s.yaml'),
  ],
  // Pods may mount any directory of their host; each change says whether its own do.
  sets: () => undefined,
  timeLimitSeconds: ({ wait, wait_timeout }) => 300 + (wait ? wait_timeout * 5 : 0),

  probe(params, inputs) {
    const objects = manifestObjects(params, inputs)
    if (objects instanceof Error) return ':'
    return params.state === 'absent' ? probeAbsent(params, objects) : probePresent(params, objects)
  },

  plan(params, observed, inputs): Plan<K8s> {
    const objects = manifestObjects(params, inputs)
    if (objects instanceof Error) return { changes: [], problem: objects.message }
    const problem = problemOf(observed, objects, params)
    if (problem !== undefined) return { changes: [], problem }
    const values = {
      objects: objects.map((object) => ({
        kind: object.kind,
        name: object.metadata.name,
        namespace: namespaceOf(object),
      })),
    }
    return {
      values,
      changes:
        params.state === 'absent' ? planAbsent(params, objects, observed) : planPresent(params, objects, observed),
    }
  },
})
