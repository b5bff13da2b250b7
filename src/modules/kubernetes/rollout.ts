import { raw, sh } from '../../shell/quote.ts'
import { namespaceOf, type KubeObject } from './objects.ts'

/** Kinds with a rollout to wait for. */
export const isWorkload = ({ kind, apiVersion }: KubeObject): boolean =>
  apiVersion.startsWith('apps/') && (kind === 'Deployment' || kind === 'StatefulSet' || kind === 'DaemonSet')

/** Rollout status of a workload: numbers from the server, 0 if unset. */
export interface Rollout {
  readonly observed: boolean
  readonly wanted: number
  /** Pods of the new revision. */
  readonly updated: number
  /** All pods, including those of old revisions. */
  readonly total: number
  readonly ready: number
  readonly available: number
  /** Of a StatefulSet: current and update revision. */
  readonly revision: string
  readonly newRevision: string
}

const FIELDS: Record<string, readonly string[]> = {
  Deployment: [
    'metadata.generation',
    'status.observedGeneration',
    'spec.replicas',
    'status.updatedReplicas',
    'status.replicas',
    'status.readyReplicas',
    'status.availableReplicas',
  ],
  StatefulSet: [
    'metadata.generation',
    'status.observedGeneration',
    'spec.replicas',
    'status.updatedReplicas',
    'status.replicas',
    'status.readyReplicas',
    'status.availableReplicas',
    'status.currentRevision',
    'status.updateRevision',
  ],
  DaemonSet: [
    'metadata.generation',
    'status.observedGeneration',
    'status.desiredNumberScheduled',
    'status.updatedNumberScheduled',
    'status.currentNumberScheduled',
    'status.numberReady',
    'status.numberAvailable',
  ],
}

const inNamespace = (object: KubeObject): string[] =>
  namespaceOf(object) === '' ? [] : ['--namespace', namespaceOf(object)]

/** `deployment.apps/web`: argument of kubectl rollout and get. */
export const workloadName = ({ kind, metadata }: KubeObject): string => `${kind.toLowerCase()}.apps/${metadata.name}`

/** Shell text that prints the rollout status in one line after `mark`; nothing if the workload does not exist. */
export function rolloutScript(object: KubeObject, mark: string): string {
  const fields = (FIELDS[object.kind] ?? []).map((field) => `{.${field}}`).join('|')
  return sh`lb_kubectl get ${workloadName(object)} ${inNamespace(object)} --ignore-not-found -o ${`jsonpath=${mark} ${fields}{"\\n"}`}`
}

/** Parses the line of {@link rolloutScript}, without its mark. */
export function parseRollout(line: string): Rollout {
  const [generation, observed, wanted, updated, total, ready, available, revision = '', newRevision = ''] = line
    .trim()
    .split('|')
  const number = (text: string | undefined): number => Number(text === undefined || text === '' ? 0 : text)
  return {
    observed: number(observed) >= number(generation),
    wanted: number(wanted),
    updated: number(updated),
    total: number(total),
    ready: number(ready),
    available: number(available),
    revision,
    newRevision,
  }
}

/** What the rollout waits for, as `kubectl rollout status` sees it; undefined if it is complete. */
export function pendingReason(
  kind: string,
  { observed, wanted, updated, total, ready, available, revision, newRevision }: Rollout,
): string | undefined {
  if (!observed) return 'spec update not observed yet'
  if (kind === 'StatefulSet') {
    if (ready < wanted) return `${ready} of ${wanted} pods ready`
    return revision === newRevision ? undefined : `${updated} of ${wanted} pods updated`
  }
  if (updated < wanted) return `${updated} of ${wanted} pods updated`
  if (kind === 'Deployment' && total > updated) return `${total - updated} old pods pending termination`
  return available < wanted ? `${available} of ${wanted} pods available` : undefined
}

/** go-template for a workload: label selector of its pods. */
const SELECTOR = '{{range $key, $value := .spec.selector.matchLabels}}{{$key}}={{$value}},{{end}}'

/** go-template for a workload: why no pod can be created, such as a quota. */
const CONDITIONS =
  '{{range .status.conditions}}{{if and (eq .type "ReplicaFailure") (eq .status "True")}}{{.reason}}: {{.message}}{{"\\n"}}{{end}}{{end}}'

const container = (list: string): string =>
  `{{range .status.${list}}}{{if not .ready}}{{$restarts := .restartCount}}{{$last := .lastState.terminated}}` +
  '{{with .state.waiting}}{{$pod}}|{{$restarts}}|{{.reason}}{{with .message}}: {{.}}{{end}}{{end}}' +
  '{{with .state.terminated}}{{if or (ne .exitCode 0) (ne .reason "Completed")}}{{$pod}}|{{$restarts}}|terminated with exit code {{.exitCode}} ({{.reason}}){{end}}{{end}}' +
  '{{if .state.running}}{{$pod}}|{{$restarts}}|running, but not ready{{end}}' +
  '{{with $last}}, previously terminated with exit code {{.exitCode}} ({{.reason}}){{end}}{{"\\n"}}{{end}}{{end}}'

/** A pod that no container has started in: waiting for a volume, an image or its network, which only events show. */
const NOT_STARTED =
  '{{$scheduled := ""}}{{range .status.conditions}}{{if eq .type "PodScheduled"}}{{$scheduled = .status}}{{end}}{{end}}' +
  '{{if not (or .status.containerStatuses .status.initContainerStatuses (eq $scheduled "False"))}}' +
  '{{$pod}}|0|no container started{{with .status.phase}} ({{.}}){{end}}{{"\\n"}}{{end}}'

/** go-template for a list of pods: a line `pod|restarts|reason` for each unhealthy pod. */
export const POD_PROBLEMS =
  '{{range .items}}{{$pod := .metadata.name}}' +
  '{{range .status.conditions}}{{if and (eq .type "PodScheduled") (eq .status "False")}}{{$pod}}|0|unschedulable: {{.message}}{{"\\n"}}{{end}}{{end}}' +
  `${NOT_STARTED}${container('initContainerStatuses')}${container('containerStatuses')}{{end}}`

const WARNINGS = '{{range .items}}{{.reason}}: {{.message}}{{"\\n"}}{{end}}'

/** go-template for the events of claims: a volume that no provisioner creates keeps its pod pending. */
const CLAIMS = '{{range .items}}{{.involvedObject.name}}: {{.reason}}: {{.message}}{{"\\n"}}{{end}}'

/**
 * Shell text that waits for a rollout. On timeout it prints, for the unhealthy pods of all workloads, the reasons that
 * Kubernetes gives, their last events and their last log lines: one workload often waits for another. The last line,
 * which is the task's error, has the first reason, event and log line, of this workload if it has any.
 *
 * @param seconds - timeout
 * @param workloads - those of the same manifests
 */
export function waitScript(object: KubeObject, seconds: number, workloads: readonly KubeObject[] = [object]): string {
  const name = `${object.kind} ${object.metadata.name}`
  const where = inNamespace(object)
  const get = (what: string, from: KubeObject, template: string): string =>
    sh`lb_kubectl get ${raw(what)} ${inNamespace(from)} -o ${`go-template=${template}`}`
  const others = workloads.filter((each) => each !== object && namespaceOf(each) === namespaceOf(object))
  const troubles = (each: KubeObject): string[] => [
    `lb_selector=$(${get(workloadName(each), each, SELECTOR)}) || ${each === object ? 'exit 1' : 'lb_selector='}`,
    `[ -z "$lb_selector" ] || lb_troubles="$lb_troubles
$(${get('pods --selector "${lb_selector%,}"', each, POD_PROBLEMS)})"`,
  ]
  return [
    sh`lb_kubectl rollout status ${workloadName(object)} ${where} --timeout=${raw(`${seconds}s`)} && exit 0`,
    'lb_troubles=',
    ...[object, ...others].flatMap(troubles),
    // grep drops the empty lines.
    'lb_troubles=$(printf \'%s\\n\' "$lb_troubles" | grep .)',
    `lb_why=$(${get(workloadName(object), object, CONDITIONS)} | head -n 1)`,
    'lb_event= lb_first=',
    `printf '%s\\n' "$lb_troubles" | grep . >&2`,
    // At most six pods, two of a workload: the others usually fail alike.
    `for lb_pod in $(printf '%s\\n' "$lb_troubles" | cut -d '|' -f 1 | awk '{ of = $0; sub(/-[^-]*$/, "", of) } !pod[$0]++ && workload[of]++ < 2' | head -n 6); do`,
    '  echo "== events of pod $lb_pod" >&2',
    sh`  lb_events=$(lb_kubectl get events ${where} --field-selector ${raw('"involvedObject.name=$lb_pod,type=Warning"')} --sort-by=.lastTimestamp -o ${`go-template=${WARNINGS}`} | tail -n 5)`,
    `  printf '%s\\n' "$lb_events" | grep . >&2`,
    // Other reasons of Kubernetes say as much as the event.
    '  case $(printf \'%s\\n\' "$lb_troubles" | grep -F "$lb_pod|" | head -n 1) in *"no container started"* | *ContainerCreating* | *PodInitializing*)',
    // A pod that waited for its volume was unschedulable for a moment.
    '    [ -n "$lb_event" ] || lb_event=$(printf \'%s\\n\' "$lb_events" | grep -v "^FailedScheduling:" | tail -n 1 | sed "s/^./last event of $lb_pod: &/") ;;',
    '  esac',
    '  echo "== log of pod $lb_pod" >&2',
    sh`  lb_log=$(lb_kubectl logs ${where} --all-containers --tail=10 "$lb_pod" 2>/dev/null | grep .)`,
    // A restarted container has the reason in its previous log.
    sh`  lb_old=$(lb_kubectl logs ${where} --all-containers --previous --tail=10 "$lb_pod" 2>/dev/null | grep .)`,
    `  printf '%s\\n' "$lb_old" "$lb_log" | grep . >&2`,
    '  [ -n "$lb_first" ] || lb_first=$(printf \'%s\\n\' "${lb_old:-$lb_log}" | tail -n 1 | sed "s/^./last log line of $lb_pod: &/")',
    'done',
    `lb_trouble=$(printf '%s\\n' "$lb_troubles" | head -n 1 | sed 's/^\\([^|]*\\)|\\([0-9]*\\)|/pod \\1: /')`,
    // The claim of a StatefulSet's pod ends in the name of the pod.
    '[ -n "$lb_event" ] || case $lb_trouble in *"no container started"*)',
    "  lb_pod=$(printf '%s\\n' \"$lb_troubles\" | head -n 1 | cut -d '|' -f 1)",
    sh`  lb_event=$(lb_kubectl get events ${where} --field-selector involvedObject.kind=PersistentVolumeClaim --sort-by=.lastTimestamp -o ${`go-template=${CLAIMS}`} | grep -e "-$lb_pod: " | tail -n 1 | sed "s/^./last event of claim &/") ;;`,
    'esac',
    sh`printf '%s not ready after %s s' ${name} ${seconds} >&2`,
    '[ -z "$lb_why" ] || printf \': %s\' "$lb_why" >&2',
    '[ -z "$lb_trouble" ] || printf \': %s\' "$lb_trouble" >&2',
    '[ -z "$lb_event" ] || printf \'; %s\' "$lb_event" >&2',
    '[ -z "$lb_first" ] || printf \'; %s\' "$lb_first" >&2',
    'echo >&2; exit 1',
  ].join('\n')
}
