import * as z from 'zod'
import { Secret } from '../../values/secret.ts'

const files = z
  .union([z.string().min(1), z.array(z.string().min(1))], { error: 'must be a path or a list of paths' })
  .transform((given) => [given].flat())

/** Schema of the parameters of `k8s`. */
export const schema = z
  .strictObject({
    /** `absent`: delete the objects of the manifests; others are left alone. */
    state: z.enum(['present', 'absent']).default('present'),
    /** Manifest files on the controller, YAML or JSON, with any number of objects. */
    src: files.optional(),
    /** Manifest templates on the controller (Jinja2). */
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
