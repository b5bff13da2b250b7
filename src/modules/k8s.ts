import { z } from 'zod'
import { Secret } from '../values/secret.ts'
import { probeAbsent, probePresent } from './kubernetes/look.ts'
import { namespaceOf, type KubeObject } from './kubernetes/objects.ts'
import { CLUSTER, planAbsent, planPresent, problemOf } from './kubernetes/plan.ts'
import { filesOf, told } from './kubernetes/told.ts'
import type { Plan } from './module.ts'
import { contentOf } from './support/effects.ts'
import { defineModule } from './task.ts'

const files = z
  .union([z.string().min(1), z.array(z.string().min(1))], { error: 'write a path or a list of paths' })
  .transform((given) => [given].flat())

const schema = z
  .strictObject({
    /** `absent`: no such object may be there; what else is on the cluster is left alone. */
    state: z.enum(['present', 'absent']).default('present'),
    /** Manifests as they are: files on the controller, YAML or JSON, with any number of objects. */
    src: files.optional(),
    /** Templates on the controller (nunjucks: Jinja2's syntax) that become such manifests. */
    template: files.optional(),
    /**
     * What the templates' variables are. The host's own are not seen: hand over those that are needed. Secrets stay
     * secret.
     */
    vars: z.record(z.string(), z.unknown()).default({}),
    /** The objects themselves: text in YAML, one object, or a list of them. Secrets in it stay secret. */
    definition: z
      .union([
        z.string(),
        z.record(z.string(), z.unknown()),
        z.array(z.record(z.string(), z.unknown())),
        z.instanceof(Secret),
      ])
      .optional(),
    /** For objects that name no namespace. Those of kinds that belong to the whole cluster get none. */
    namespace: z.string().min(1).optional(),
    /** A file on the host. Without it: that of a k3s on the host, else what kubectl takes by itself. */
    kubeconfig: z.string().min(1).optional(),
    /** A context of the kubeconfig. */
    context: z.string().min(1).optional(),
    /** The program, where it is none of those that are found: `minikube kubectl --`. */
    kubectl: z.string().min(1).optional(),
    /** Always so, on the server; there for the sake of those who know it from Ansible. */
    apply: z.literal(true, { error: 'objects are always applied: leave it out' }).default(true),
    /**
     * `field_manager`: in whose name fields are set. `force_conflicts`: takes fields over that another manager has set
     * otherwise.
     */
    server_side_apply: z
      .strictObject({
        field_manager: z.string().min(1).max(128).default('labbook'),
        force_conflicts: z.boolean().default(false),
      })
      .prefault({}),
    /** Waits until the pods of Deployments, StatefulSets and DaemonSets are there and ready. */
    wait: z.boolean().default(false),
    /** Seconds to wait for each of them. */
    wait_timeout: z.number().int().positive().default(120),
    /**
     * Removes objects that have the labels and are in the manifests no more: of `prune_kinds`, in the manifests'
     * namespaces.
     */
    prune: z.boolean().default(false),
    /** The labels, all of them: `app.kubernetes.io/part-of=shop`. */
    label_selectors: z
      .array(z.string().regex(/^[^=!,\s()]+=[^=!,\s()]+$/, { error: 'write it like app=shop' }))
      .default([]),
    /**
     * The kinds that may be removed. Those that hold data, or all else, are not among them: name them if they are
     * meant.
     */
    prune_kinds: z
      .array(z.string().min(1))
      .default([
        'ConfigMap',
        'Secret',
        'Service',
        'ServiceAccount',
        'Deployment',
        'StatefulSet',
        'DaemonSet',
        'Job',
        'CronJob',
        'Ingress',
        'NetworkPolicy',
        'HorizontalPodAutoscaler',
        'PodDisruptionBudget',
      ]),
  })
  .refine(({ src, template, definition }) => src !== undefined || template !== undefined || definition !== undefined, {
    error: 'give template, src or definition',
  })
  .refine(({ prune, label_selectors }) => !prune || label_selectors.length > 0, {
    error: 'prune needs label_selectors: all that has not these labels is left alone',
  })
  .refine(({ prune, state }) => !prune || state === 'present', { error: "prune goes with state: 'present'" })

export type Params = z.output<typeof schema>

export interface K8s {
  /** Each object that was asked for, in the order they are applied in. */
  readonly objects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[]
}

/**
 * Makes a Kubernetes cluster's objects what manifests say, by server-side apply in Labbook's own name: the server
 * itself says what would change (`kubectl diff`), and of that, only what differs is applied. Fields that others have
 * set otherwise are a conflict, and an error that names them.
 */
export const k8s = defineModule<typeof schema, K8s>({
  name: 'k8s',
  schema,
  title: ({ src, template, definition, state }) => {
    const objects =
      typeof definition === 'object' && definition !== null && !(definition instanceof Secret)
        ? ([definition].flat() as Partial<KubeObject>[])
        : []
    const what =
      [...(template ?? []), ...(src ?? []), ...objects.map(({ kind, metadata }) => `${kind} ${metadata?.name}`)].join(
        ', ',
      ) || 'manifests'
    return state === 'absent' ? `${what}: absent` : what
  },
  inputs: (params) => Object.fromEntries(filesOf(params).map((file) => [file, file])),
  reads: ({ kubeconfig }) => [
    CLUSTER,
    'unit:k3s.service',
    ...contentOf('/usr/local/bin/k3s'),
    ...contentOf(kubeconfig ?? '/etc/rancher/k3s/k3s.yaml'),
  ],
  // Pods may have any folder of their host; each change says whether its own do.
  sets: () => undefined,
  timeLimitSeconds: ({ wait, wait_timeout }) => 300 + (wait ? wait_timeout * 5 : 0),

  probe(params, inputs) {
    const objects = told(params, inputs)
    if (objects instanceof Error) return ':'
    return params.state === 'absent' ? probeAbsent(params, objects) : probePresent(params, objects)
  },

  plan(params, observed, inputs): Plan<K8s> {
    const objects = told(params, inputs)
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
