import { z } from 'zod'
import { Secret } from '../values/secret.ts'
import { probeAbsent, probePresent } from './kubernetes/probe.ts'
import { namespaceOf, type KubeObject } from './kubernetes/objects.ts'
import { CLUSTER, planAbsent, planPresent, problemOf } from './kubernetes/plan.ts'
import { filesOf, manifestObjects } from './kubernetes/manifests.ts'
import type { Plan } from './module.ts'
import { contentOf } from './support/effects.ts'
import { defineModule } from './task.ts'

const files = z
  .union([z.string().min(1), z.array(z.string().min(1))], { error: 'must be a path or a list of paths' })
  .transform((given) => [given].flat())

const schema = z
  .strictObject({
    /** `absent`: delete the objects of the manifests; others are left alone. */
    state: z.enum(['present', 'absent']).default('present'),
    /** Manifest files on the controller, YAML or JSON, with any number of objects. */
    src: files.optional(),
    /** Manifest templates on the controller (nunjucks, Jinja2 syntax). */
    template: files.optional(),
    /**
     * Variables of the templates. Host variables are not available: pass those that are needed. Secrets stay masked.
     */
    vars: z.record(z.string(), z.unknown()).default({}),
    /** Inline manifests: YAML text, one object, or a list of objects. Secrets stay masked. */
    definition: z
      .union([
        z.string(),
        z.record(z.string(), z.unknown()),
        z.array(z.record(z.string(), z.unknown())),
        z.instanceof(Secret),
      ])
      .optional(),
    /** Namespace of objects that name none. Cluster-scoped objects get none. */
    namespace: z.string().min(1).optional(),
    /** Path on the host. Default: that of k3s if the host has it, else kubectl's default. */
    kubeconfig: z.string().min(1).optional(),
    /** Context of the kubeconfig. */
    context: z.string().min(1).optional(),
    /** kubectl command, if it is not found automatically: `minikube kubectl --`. */
    kubectl: z.string().min(1).optional(),
    /** Always true, server-side; accepted for compatibility with Ansible. */
    apply: z.literal(true, { error: 'objects are always applied: omit apply' }).default(true),
    /** `field_manager`: name of the field manager. `force_conflicts`: take over fields owned by other managers. */
    server_side_apply: z
      .strictObject({
        field_manager: z.string().min(1).max(128).default('labbook'),
        force_conflicts: z.boolean().default(false),
      })
      .prefault({}),
    /** Wait for the rollout of Deployments, StatefulSets and DaemonSets. */
    wait: z.boolean().default(false),
    /** Timeout of each rollout in seconds. */
    wait_timeout: z.number().int().positive().default(120),
    /**
     * Delete objects that match `label_selectors` and are no longer in the manifests: of `prune_kinds`, in the
     * manifests' namespaces.
     */
    prune: z.boolean().default(false),
    /** Labels of prunable objects, all of which must match: `app.kubernetes.io/part-of=shop`. */
    label_selectors: z
      .array(z.string().regex(/^[^=!,\s()]+=[^=!,\s()]+$/, { error: 'must be key=value, such as app=shop' }))
      .default([]),
    /** Kinds that may be pruned. Kinds that hold data or are cluster-scoped are not in the default. */
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
    error: 'set template, src or definition',
  })
  .refine(({ prune, label_selectors }) => !prune || label_selectors.length > 0, {
    error: 'prune requires label_selectors: only objects with these labels are pruned',
  })
  .refine(({ prune, state }) => !prune || state === 'present', { error: "prune requires state: 'present'" })

export type K8sParams = z.output<typeof schema>

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
