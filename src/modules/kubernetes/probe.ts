import { quote, sh } from '../../shell/quote.ts'
import type { K8sParams } from './params.ts'
import { findKubectl, assignObjects, MASK_SECRETS, NO_RESPONSE, printObjects } from './kubectl.ts'
import { namespaceOf, type KubeObject } from './objects.ts'
import { isWorkload, rolloutScript } from './rollout.ts'

/** Prefix of the probe's own lines; no line of a diff begins so. */
export const LINE_PREFIX = 'lb:'

/** Indices of objects by namespace; cluster-scoped ones under an empty name. */
function byNamespace(objects: readonly KubeObject[]): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  objects.forEach((object, i) => groups.set(namespaceOf(object), [...(groups.get(namespaceOf(object)) ?? []), i]))
  return groups
}

const preamble = (params: K8sParams, objects: readonly KubeObject[]): string[] => [
  findKubectl(params),
  assignObjects(objects),
  'lb_ask() { lb_kubectl --request-timeout=60s "$@"; }',
]

/** Queries what an apply would change, which objects have the labels, and the status of rollouts. */
export function probePresent(params: K8sParams, objects: readonly KubeObject[]): string {
  const groups = byNamespace(objects)
  const { field_manager, force_conflicts } = params.server_side_apply
  const named = [...groups.keys()].filter((name) => name !== '')
  return [
    ...preamble(params, objects),
    // Full context, to compare objects and not lines.
    `export KUBECTL_EXTERNAL_DIFF='diff -N -U99999' LC_ALL=C`,
    sh`lb_diff() { lb_ask diff --server-side --field-manager ${field_manager} ${force_conflicts ? ['--force-conflicts'] : []} -f -; }`,
    MASK_SECRETS,
    ...(named.length === 0
      ? []
      : [
          sh`lb_ns=$(lb_ask get namespaces ${named} --ignore-not-found -o name 2>&1) || { printf '%s\\n' "$lb_ns" >&2; exit ${NO_RESPONSE}; }`,
        ]),
    `lb_there() { printf '%s\\n' "$lb_ns" | grep -qxF -e "namespace/$1"; }`,
    ...[...groups].map(([name, indices]) =>
      ifNamespaceExists(name, [
        `echo ${quote(`${LINE_PREFIX}namespace ${name}`)}`,
        `lb_out=$(${printObjects(indices)} | lb_diff); lb_code=$?`,
        `[ "$lb_code" -gt 1 ] || printf '%s\\n' "$lb_out" | lb_mask`,
        // kubectl does not say which object it failed on.
        'if [ "$lb_code" -gt 1 ]; then',
        ...indices.map(
          (i) =>
            `  lb_err=$(${printObjects([i])} | lb_diff 2>&1 >/dev/null); [ $? -le 1 ] || { echo "${LINE_PREFIX}refused ${i}"; printf '%s\\n' "$lb_err" | sed 's/^/${LINE_PREFIX}said /'; }`,
        ),
        'fi',
        ...indices
          .filter((i) => params.wait && isWorkload(objects[i] as KubeObject))
          .map((i) => rolloutScript(objects[i] as KubeObject, `${LINE_PREFIX}rollout ${i}`)),
        ...(params.prune && name !== '' ? [prunable(params, name)] : []),
      ]),
    ),
    'exit 0',
  ].join('\n')
}

/** Runs only if the namespace exists: objects in a missing one cannot be queried. */
const ifNamespaceExists = (name: string, script: readonly string[]): string =>
  [...(name === '' ? ['{'] : [`if lb_there ${quote(name)}; then`]), ...script, ...(name === '' ? ['}'] : ['fi'])].join(
    '\n',
  )

const OWNED =
  '{{range .items}}{{if not .metadata.ownerReferences}}lb:there {{.apiVersion}} {{.kind}} {{.metadata.namespace}} {{.metadata.name}}{{"\\n"}}{{end}}{{end}}'

const prunable = ({ prune_kinds, label_selectors }: K8sParams, namespace: string): string =>
  sh`lb_ask get ${prune_kinds.join(',')} --namespace ${namespace} --selector ${label_selectors.join(',')} -o ${`go-template=${OWNED}`} || exit ${NO_RESPONSE}`

/** Queries which of the objects exist. */
export function probeAbsent(params: K8sParams, objects: readonly KubeObject[]): string {
  return [
    ...preamble(params, objects),
    ...[...byNamespace(objects)].map(([name, indices]) =>
      [
        `echo ${quote(`${LINE_PREFIX}namespace ${name}`)}`,
        // Objects of a kind that the cluster does not know do not exist.
        `lb_out=$(${printObjects(indices)} | lb_ask get -f - --ignore-not-found -o name 2>&1) || case $lb_out in *'no matches for kind'*) ;; *) printf '%s\\n' "$lb_out" >&2; exit ${NO_RESPONSE} ;; esac`,
        `printf '%s\\n' "$lb_out"`,
      ].join('\n'),
    ),
    'exit 0',
  ].join('\n')
}
