import { z } from 'zod'
import { Secret } from '../values/secret.ts'
import { quote, sh } from '../shell/quote.ts'
import { conflictsOf, diffOf, differenceOf, readDiffs } from './kubernetes/diff.ts'
import { cleaned, findKubectl, holdObjects, MASK_SECRETS, NO_ANSWER, printObjects, whyNoAnswer } from './kubernetes/kubectl.ts'
import { keyOf, ManifestError, nameOf, namespaceOf, objectsIn, prepared, readManifests, resourceOf, shown, type KubeObject } from './kubernetes/objects.ts'
import { isWorkload, missingOf, readRollout, rolloutScript, target, waitScript } from './kubernetes/rollout.ts'
import type { Change, Inputs, Plan } from './module.ts'
import type { Observed } from './observed.ts'
import { contentOf } from './support/effects.ts'
import { render, TemplateError } from './support/render.ts'
import { defineModule } from './task.ts'

const files = z.union([z.string().min(1), z.array(z.string().min(1))], { error: 'write a path or a list of paths' }).transform((given) => [given].flat())

const schema = z
  .strictObject({
    /** `absent`: no such object may be there; what else is on the cluster is left alone. */
    state: z.enum(['present', 'absent']).default('present'),
    /** Manifests as they are: files on the controller, YAML or JSON, with any number of objects. */
    src: files.optional(),
    /** Templates on the controller (nunjucks: Jinja2's syntax) that become such manifests. */
    template: files.optional(),
    /** What the templates' variables are. The host's own are not seen: hand over those that are needed. Secrets stay secret. */
    vars: z.record(z.string(), z.unknown()).default({}),
    /** The objects themselves: text in YAML, one object, or a list of them. Secrets in it stay secret. */
    definition: z.unknown().optional(),
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
    /** `field_manager`: in whose name fields are set. `force_conflicts`: takes fields over that another manager has set otherwise. */
    server_side_apply: z
      .strictObject({ field_manager: z.string().min(1).max(128).default('labbook'), force_conflicts: z.boolean().default(false) })
      .prefault({}),
    /** Waits until the pods of Deployments, StatefulSets and DaemonSets are there and ready. */
    wait: z.boolean().default(false),
    /** Seconds to wait for each of them. */
    wait_timeout: z.number().int().positive().default(120),
    /** Removes objects that have the labels and are in the manifests no more: of `prune_kinds`, in the manifests' namespaces. */
    prune: z.boolean().default(false),
    /** The labels, all of them: `app.kubernetes.io/part-of=shop`. */
    label_selectors: z.array(z.string().regex(/^[^=!,\s()]+=[^=!,\s()]+$/, { error: 'write it like app=shop' })).default([]),
    /** The kinds that may be removed. Those that hold data, or all else, are not among them: name them if they are meant. */
    prune_kinds: z.array(z.string().min(1)).default([
      'ConfigMap', 'Secret', 'Service', 'ServiceAccount', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Ingress', 'NetworkPolicy', 'HorizontalPodAutoscaler',
      'PodDisruptionBudget',
    ]),
  })
  .refine(({ src, template, definition }) => src !== undefined || template !== undefined || definition !== undefined, { error: 'give template, src or definition' })
  .refine(({ prune, label_selectors }) => !prune || label_selectors.length > 0, { error: 'prune needs label_selectors: all that has not these labels is left alone' })
  .refine(({ prune, state }) => !prune || state === 'present', { error: "prune goes with state: 'present'" })

type Params = z.output<typeof schema>

export interface K8s {
  /** Each object that was asked for, in the order they are applied in. */
  readonly objects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[]
}

/** Any part of a cluster: what is in it hangs together in ways that names do not tell. */
const CLUSTER = 'kubernetes:objects'
/** The lines with which the probe says things of its own: none of a diff begins so. */
const MARK = 'lb:'

/**
 * Makes a Kubernetes cluster's objects what manifests say, by server-side apply in Labbook's own name: the server itself says
 * what would change (`kubectl diff`), and of that, only what differs is applied. Fields that others have set otherwise are a
 * conflict, and an error that names them.
 */
export const k8s = defineModule<typeof schema, K8s>({
  name: 'k8s',
  schema,
  title: ({ src, template, definition, state }) => {
    const objects = typeof definition === 'object' && definition !== null && !(definition instanceof Secret) ? [definition].flat() as Partial<KubeObject>[] : []
    const what = [...(template ?? []), ...(src ?? []), ...objects.map(({ kind, metadata }) => `${kind} ${metadata?.name}`)].join(', ') || 'manifests'
    return state === 'absent' ? `${what}: absent` : what
  },
  inputs: (params) => Object.fromEntries(filesOf(params).map((file) => [file, file])),
  reads: ({ kubeconfig }) => [CLUSTER, 'unit:k3s.service', ...contentOf('/usr/local/bin/k3s'), ...contentOf(kubeconfig ?? '/etc/rancher/k3s/k3s.yaml')],
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
    const values = { objects: objects.map((object) => ({ kind: object.kind, name: object.metadata.name, namespace: namespaceOf(object) })) }
    return { values, changes: params.state === 'absent' ? planAbsent(params, objects, observed) : planPresent(params, objects, observed) }
  },
})

const filesOf = ({ src = [], template = [] }: Params): string[] => [...template, ...src]

/** What was read is asked for in the probe and again in the plan. */
const known = new WeakMap<Inputs, { readonly params: Params; readonly objects: KubeObject[] | Error }>()

/** The objects, or what is wrong with the manifests. */
function told(params: Params, inputs: Inputs): KubeObject[] | Error {
  const before = known.get(inputs)
  if (before?.params === params) return before.objects
  let objects: KubeObject[] | Error
  try {
    objects = prepared(read(params, inputs), params.namespace)
    if (params.prune) checkLabels(params, objects)
  } catch (error) {
    if (!(error instanceof ManifestError || error instanceof TemplateError)) throw error
    objects = error
  }
  known.set(inputs, { params, objects })
  return objects
}

function read({ template = [], src = [], definition, vars }: Params, inputs: Inputs): KubeObject[] {
  const text = (file: string): string => inputs[file]?.toString('utf8') ?? ''
  const plain = definition instanceof Secret ? definition.reveal() : definition
  const objects = [
    ...template.flatMap((file) => readManifests(render(text(file), file, vars).text, file)),
    ...src.flatMap((file) => readManifests(text(file), file)),
    ...(typeof plain === 'string' ? readManifests(plain, 'definition') : objectsIn(plain, 'definition')),
  ]
  if (objects.length === 0) throw new ManifestError('the manifests hold no object at all')
  return objects
}

/** What has not the labels would never be removed again: better said now. */
function checkLabels({ label_selectors, prune_kinds }: Params, objects: readonly KubeObject[]): void {
  for (const object of objects.filter(({ kind }) => prune_kinds.includes(kind))) {
    const missing = label_selectors.find((selector) => {
      const [key = '', value] = selector.split('=')
      return object.metadata.labels?.[key] !== value
    })
    if (missing !== undefined) throw new ManifestError(`${nameOf(object)} has not the label ${missing}, by which it would be removed one day: add it, or take the kind out of prune_kinds`)
  }
}

/** Namespaces that objects are in, each with the places of its objects; those of the whole cluster under an empty name. */
function byNamespace(objects: readonly KubeObject[]): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  objects.forEach((object, i) => groups.set(namespaceOf(object), [...(groups.get(namespaceOf(object)) ?? []), i]))
  return groups
}

const begin = (params: Params, objects: readonly KubeObject[]): string[] =>
  [findKubectl(params), holdObjects(objects), 'lb_ask() { lb_kubectl --request-timeout=60s "$@"; }']

function probePresent(params: Params, objects: readonly KubeObject[]): string {
  const groups = byNamespace(objects)
  const { field_manager, force_conflicts } = params.server_side_apply
  const named = [...groups.keys()].filter((name) => name !== '')
  return [
    ...begin(params, objects),
    // All of both texts: what differs is then a matter of two objects and not of lines.
    `export KUBECTL_EXTERNAL_DIFF='diff -N -U99999' LC_ALL=C`,
    sh`lb_diff() { lb_ask diff --server-side --field-manager ${field_manager} ${force_conflicts ? ['--force-conflicts'] : []} -f -; }`,
    MASK_SECRETS,
    ...(named.length === 0 ? [] : [sh`lb_ns=$(lb_ask get namespaces ${named} --ignore-not-found -o name 2>&1) || { printf '%s\\n' "$lb_ns" >&2; exit ${NO_ANSWER}; }`]),
    `lb_there() { printf '%s\\n' "$lb_ns" | grep -qxF -e "namespace/$1"; }`,
    ...[...groups].map(([name, indices]) => inGroup(name, [
      `echo ${quote(`${MARK}namespace ${name}`)}`,
      `lb_out=$(${printObjects(indices)} | lb_diff); lb_code=$?`,
      `[ "$lb_code" -gt 1 ] || printf '%s\\n' "$lb_out" | lb_mask`,
      // kubectl does not say which object it failed on.
      'if [ "$lb_code" -gt 1 ]; then',
      ...indices.map((i) => `  lb_err=$(${printObjects([i])} | lb_diff 2>&1 >/dev/null); [ $? -le 1 ] || { echo "${MARK}refused ${i}"; printf '%s\\n' "$lb_err" | sed 's/^/${MARK}said /'; }`),
      'fi',
      ...indices.filter((i) => params.wait && isWorkload(objects[i] as KubeObject)).map((i) => rolloutScript(objects[i] as KubeObject, `${MARK}rollout ${i}`)),
      ...(params.prune && name !== '' ? [prunable(params, name)] : []),
    ])),
    'exit 0',
  ].join('\n')
}

/** What is asked of a namespace only where it is there: an object that would be made in a missing one cannot be asked about. */
const inGroup = (name: string, script: readonly string[]): string =>
  [...(name === '' ? ['{'] : [`if lb_there ${quote(name)}; then`]), ...script, ...(name === '' ? ['}'] : ['fi'])].join('\n')

const OWNED = '{{range .items}}{{if not .metadata.ownerReferences}}lb:there {{.apiVersion}} {{.kind}} {{.metadata.namespace}} {{.metadata.name}}{{"\\n"}}{{end}}{{end}}'

const prunable = ({ prune_kinds, label_selectors }: Params, namespace: string): string =>
  sh`lb_ask get ${prune_kinds.join(',')} --namespace ${namespace} --selector ${label_selectors.join(',')} -o ${`go-template=${OWNED}`} || exit ${NO_ANSWER}`

function probeAbsent(params: Params, objects: readonly KubeObject[]): string {
  return [
    ...begin(params, objects),
    ...[...byNamespace(objects)].map(([name, indices]) => [
      `echo ${quote(`${MARK}namespace ${name}`)}`,
      // A kind that the cluster does not know is not there either.
      `lb_out=$(${printObjects(indices)} | lb_ask get -f - --ignore-not-found -o name 2>&1) || case $lb_out in *'no matches for kind'*) ;; *) printf '%s\\n' "$lb_out" >&2; exit ${NO_ANSWER} ;; esac`,
      `printf '%s\\n' "$lb_out"`,
    ].join('\n')),
    'exit 0',
  ].join('\n')
}

/** The lines that begin with a mark, without it. */
const marked = (stdout: string, mark: string): string[] =>
  stdout.split('\n').filter((line) => line.startsWith(`${MARK}${mark} `)).map((line) => line.slice(MARK.length + mark.length + 1))

function problemOf({ stdout, stderr, exitCode }: Observed, objects: readonly KubeObject[], { server_side_apply }: Params): string | undefined {
  const [refused] = marked(stdout, 'refused')
  if (refused === undefined) return whyNoAnswer(exitCode, stderr)
  const object = objects[Number(refused)] as KubeObject
  const after = stdout.slice(stdout.indexOf(`${MARK}refused ${refused}\n`)).split(`${MARK}refused `)[1] ?? ''
  const said = marked(after, 'said').join('\n')
  const conflicts = conflictsOf(said)
  if (conflicts.length === 0) return `${nameOf(object)}: ${whyNoAnswer(1, said) ?? cleaned(said)}`
  const others = conflicts.map(({ manager, fields }) => `"${manager}" has set ${fields.join(', ') || 'what it sets'} otherwise`).join('; ')
  return `${nameOf(object)}: ${others}: take that out of the manifest, or take it over from them with server_side_apply: {force_conflicts: true} (in the name of "${server_side_apply.field_manager}")`
}

function planPresent(params: Params, objects: readonly KubeObject[], { stdout }: Observed): Change[] {
  const seen = new Set(stdout.split('\n').filter((line) => line.startsWith(`${MARK}namespace `)).map((line) => line.slice(`${MARK}namespace `.length)))
  const diffs = readDiffs(stdout)
  const rollouts = new Map(marked(stdout, 'rollout').map((line) => {
    const [place = '', rest = ''] = [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]
    return [Number(place), readRollout(rest)]
  }))
  const changes: Change[] = []
  const waits: Change[] = []
  objects.forEach((object, i) => {
    const diff = diffOf(object, diffs)
    const differs = seen.has(namespaceOf(object)) ? diff && differenceOf(diff) : { before: '', after: shown(object) }
    if (differs !== undefined) changes.push(application(params, object, differs))
    if (!params.wait || !isWorkload(object)) return
    const rollout = rollouts.get(i)
    const missing = rollout === undefined ? 'it is not there yet' : missingOf(object.kind, rollout)
    if (differs === undefined && missing === undefined) return
    const why = differs === undefined ? ` (${missing})` : ''
    waits.push({ description: `wait for ${nameOf(object)}${why}`, script: [findKubectl(params), waitScript(object, params.wait_timeout)].join('\n'), sets: [CLUSTER] })
  })
  return [...changes, ...waits, ...removals(params, objects, stdout)]
}

function application(params: Params, object: KubeObject, { before, after }: { readonly before: string; readonly after: string }): Change {
  const { field_manager, force_conflicts } = params.server_side_apply
  const text = JSON.stringify(object)
  return {
    description: `${before === '' ? 'create' : 'change'} ${nameOf(object)}`,
    diff: { subject: nameOf(object), before, after },
    script: [
      findKubectl(params),
      sh`printf '%s\\n' ${text} | lb_kubectl apply --server-side --field-manager ${field_manager} ${force_conflicts ? ['--force-conflicts'] : []} -f - || exit`,
    ].join('\n'),
    ...(reachesHost(text) ? {} : { sets: [CLUSTER] }),
  }
}

/** May what it runs change the machine itself? */
const reachesHost = (text: string): boolean => /"(hostPath|privileged|hostPID|hostNetwork|hostIPC)":/.test(text)

function removals(params: Params, objects: readonly KubeObject[], stdout: string): Change[] {
  const wanted = new Set(objects.map(keyOf))
  return marked(stdout, 'there').map((line): KubeObject => {
    const [apiVersion = '', kind = '', namespace = '', name = ''] = line.split(' ')
    return { apiVersion, kind, metadata: { name, namespace } }
  }).filter((object) => !wanted.has(keyOf(object))).map((object) => removal(params, object, `${nameOf(object)}: it is in the manifests no more`))
}

function planAbsent(params: Params, objects: readonly KubeObject[], { stdout }: Observed): Change[] {
  const there = new Set<string>()
  let namespace = ''
  for (const line of stdout.split('\n')) {
    if (line.startsWith(`${MARK}namespace `)) namespace = line.slice(`${MARK}namespace `.length)
    else if (line !== '') there.add(`${namespace} ${line}`)
  }
  // In the other order: what needs others goes before them.
  return objects.filter((object) => there.has(`${namespaceOf(object)} ${resourceOf(object)}`)).toReversed().map((object) => removal(params, object, nameOf(object)))
}

function removal(params: Params, object: KubeObject, what: string): Change {
  const { metadata: { name, namespace } } = object
  const identity = JSON.stringify({ apiVersion: object.apiVersion, kind: object.kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } })
  return {
    description: `remove ${what}`,
    script: [findKubectl(params), sh`printf '%s\\n' ${identity} | lb_kubectl delete --ignore-not-found --timeout=${`${params.wait_timeout}s`} -f - || exit`].join('\n'),
    ...(isWorkload(object) ? { diff: { subject: nameOf(object), before: `${target(object)}\n`, after: '' } } : {}),
    sets: [CLUSTER],
  }
}
