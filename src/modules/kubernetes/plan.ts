import { sh } from '../../shell/quote.ts'
import type { K8sParams } from './params.ts'
import type { Change } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { parseConflicts, diffOf, differenceOf, parseDiffs } from './diff.ts'
import { cleanErrors, findKubectl, kubectlProblem } from './kubectl.ts'
import { LINE_PREFIX } from './probe.ts'
import { keyOf, nameOf, namespaceOf, resourceOf, displayYaml, type KubeObject } from './objects.ts'
import { isWorkload, pendingReason, parseRollout, workloadName, waitScript } from './rollout.ts'

/** Resource key of a cluster's objects: dependencies between them are not visible in their names. */
export const CLUSTER = 'kubernetes:objects'

/** The lines with a marker, without it. */
const marked = (stdout: string, mark: string): string[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith(`${LINE_PREFIX}${mark} `))
    .map((line) => line.slice(LINE_PREFIX.length + mark.length + 1))

/** Why the API server is unreachable or rejected an object. */
export function problemOf(
  { stdout, stderr, exitCode }: Observed,
  objects: readonly KubeObject[],
  { server_side_apply }: K8sParams,
): string | undefined {
  const [refused] = marked(stdout, 'refused')
  if (refused === undefined) return kubectlProblem(exitCode, stderr)
  const object = objects[Number(refused)] as KubeObject
  const after =
    stdout.slice(stdout.indexOf(`${LINE_PREFIX}refused ${refused}\n`)).split(`${LINE_PREFIX}refused `)[1] ?? ''
  const said = marked(after, 'said').join('\n')
  const conflicts = parseConflicts(said)
  if (conflicts.length === 0) return `${nameOf(object)}: ${kubectlProblem(1, said) ?? cleanErrors(said)}`
  const others = conflicts
    .map(({ manager, fields }) => `"${manager}" owns ${fields.join(', ') || 'fields of it'}`)
    .join('; ')
  return `${nameOf(object)}: conflict: ${others}. Remove the fields from the manifest, or take them over with server_side_apply: {force_conflicts: true} (field manager "${server_side_apply.field_manager}")`
}

/** Applies objects that differ, one by one; waits for rollouts; prunes objects that are no longer in the manifests. */
export function planPresent(params: K8sParams, objects: readonly KubeObject[], { stdout }: Observed): Change[] {
  const existingNamespaces = new Set(
    stdout
      .split('\n')
      .filter((line) => line.startsWith(`${LINE_PREFIX}namespace `))
      .map((line) => line.slice(`${LINE_PREFIX}namespace `.length)),
  )
  const diffs = parseDiffs(stdout)
  const rollouts = new Map(
    marked(stdout, 'rollout').map((line) => {
      const [place = ''] = line.split(' ')
      return [Number(place), parseRollout(line.slice(line.indexOf(' ') + 1))]
    }),
  )
  const changes: Change[] = []
  const waits: { readonly change: Change; readonly pending: boolean }[] = []
  const workloads = objects.filter(isWorkload)
  objects.forEach((object, i) => {
    const diff = diffOf(object, diffs)
    const differs = existingNamespaces.has(namespaceOf(object))
      ? diff && differenceOf(diff)
      : { before: '', after: displayYaml(object) }
    if (differs !== undefined) changes.push(applyChange(params, object, differs))
    if (!params.wait || !isWorkload(object)) return
    const rollout = rollouts.get(i)
    const missing = rollout === undefined ? 'not created yet' : pendingReason(object.kind, rollout)
    const why = differs === undefined && missing !== undefined ? ` (${missing})` : ''
    waits.push({
      pending: differs !== undefined || missing !== undefined,
      change: {
        description: `wait for rollout of ${nameOf(object)}${why}`,
        script: [findKubectl(params), waitScript(object, params.wait_timeout, workloads)].join('\n'),
        sets: [CLUSTER],
      },
    })
  })
  const [first, last] = pruneChanges(params, objects, stdout)
  // A change of one workload may make another unready: the app, when its database restarts.
  const all = first.length + changes.length + last.length > 0
  return [...first, ...changes, ...waits.filter(({ pending }) => all || pending).map(({ change }) => change), ...last]
}

function applyChange(
  params: K8sParams,
  object: KubeObject,
  { before, after }: { readonly before: string; readonly after: string },
): Change {
  const { field_manager, force_conflicts } = params.server_side_apply
  const text = JSON.stringify(object)
  return {
    description: `${before === '' ? 'create' : 'update'} ${nameOf(object)}`,
    diff: { subject: nameOf(object), before, after },
    script: [
      findKubectl(params),
      sh`printf '%s\\n' ${text} | lb_kubectl apply --server-side --field-manager ${field_manager} ${force_conflicts ? ['--force-conflicts'] : []} -f - || exit`,
    ].join('\n'),
    ...(changesHost(text) ? {} : { sets: [CLUSTER] }),
  }
}

/** Whether its pods may change the host itself. */
const changesHost = (text: string): boolean => /"(hostPath|privileged|hostPID|hostNetwork|hostIPC)":/.test(text)

/**
 * Prunes autoscalers first, because they would undo a number of replicas that is applied while they exist; other
 * objects last.
 */
function pruneChanges(
  params: K8sParams,
  objects: readonly KubeObject[],
  stdout: string,
): [first: Change[], last: Change[]] {
  const wanted = new Set(objects.map(keyOf))
  const obsolete = marked(stdout, 'there')
    .map((line): KubeObject => {
      const [apiVersion = '', kind = '', namespace = '', name = ''] = line.split(' ')
      return { apiVersion, kind, metadata: { name, namespace } }
    })
    .filter((object) => !wanted.has(keyOf(object)))
  const isScaler = ({ kind }: KubeObject): boolean => kind === 'HorizontalPodAutoscaler'
  const remove = (object: KubeObject): Change =>
    deleteChange(params, object, `prune ${nameOf(object)}: not in the manifests`)
  return [obsolete.filter(isScaler).map(remove), obsolete.filter((object) => !isScaler(object)).map(remove)]
}

/** Deletes the objects that exist. */
export function planAbsent(params: K8sParams, objects: readonly KubeObject[], { stdout }: Observed): Change[] {
  const existing = new Set<string>()
  let namespace = ''
  for (const line of stdout.split('\n')) {
    if (line.startsWith(`${LINE_PREFIX}namespace `)) namespace = line.slice(`${LINE_PREFIX}namespace `.length)
    else if (line !== '') existing.add(`${namespace} ${line}`)
  }
  // Reverse order: dependents first.
  return objects
    .filter((object) => existing.has(`${namespaceOf(object)} ${resourceOf(object)}`))
    .toReversed()
    .map((object) => deleteChange(params, object, `delete ${nameOf(object)}`))
}

function deleteChange(params: K8sParams, object: KubeObject, description: string): Change {
  const {
    metadata: { name, namespace },
  } = object
  const identity = JSON.stringify({
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  })
  return {
    description,
    script: [
      findKubectl(params),
      sh`printf '%s\\n' ${identity} | lb_kubectl delete --ignore-not-found --timeout=${`${params.wait_timeout}s`} -f - || exit`,
    ].join('\n'),
    ...(isWorkload(object)
      ? { diff: { subject: nameOf(object), before: `${workloadName(object)}\n`, after: '' } }
      : {}),
    sets: [CLUSTER],
  }
}
