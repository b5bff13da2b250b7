import { raw, sh } from '../../shell/quote.ts'
import { namespaceOf, type KubeObject } from './objects.ts'

/** Kinds whose pods are waited for. */
export const isWorkload = ({ kind, apiVersion }: KubeObject): boolean =>
  apiVersion.startsWith('apps/') && (kind === 'Deployment' || kind === 'StatefulSet' || kind === 'DaemonSet')

/** How far a workload has come: numbers as the server has them, 0 where it has none yet. */
export interface Rollout {
  readonly observed: boolean
  readonly wanted: number
  /** Pods of the newest kind. */
  readonly updated: number
  /** Pods in all, those of an older kind with them. */
  readonly total: number
  readonly ready: number
  readonly available: number
  /** Of a StatefulSet: what its pods are made from, and what they are to be made from. */
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

/** `deployment.apps/counter`: what rollout and get take. */
export const target = ({ kind, metadata }: KubeObject): string => `${kind.toLowerCase()}.apps/${metadata.name}`

/** Shell text that prints how far a workload is, in one line after `mark`; nothing where it is not there. */
export function rolloutScript(object: KubeObject, mark: string): string {
  const fields = (FIELDS[object.kind] ?? []).map((field) => `{.${field}}`).join('|')
  return sh`lb_kubectl get ${target(object)} ${inNamespace(object)} --ignore-not-found -o ${`jsonpath=${mark} ${fields}{"\\n"}`}`
}

/** Reads the line of {@link rolloutScript}, without its mark. */
export function readRollout(line: string): Rollout {
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

/** What is still missing, as `kubectl rollout status` sees it; undefined: nothing. */
export function missingOf(
  kind: string,
  { observed, wanted, updated, total, ready, available, revision, newRevision }: Rollout,
): string | undefined {
  if (!observed) return 'the change is not taken up yet'
  if (kind === 'StatefulSet') {
    if (ready < wanted) return `${ready} of ${wanted} pods are ready`
    return revision === newRevision ? undefined : `${updated} of ${wanted} pods are of the new revision`
  }
  if (updated < wanted) return `${updated} of ${wanted} pods are of the new revision`
  if (kind === 'Deployment' && total > updated) return `${total - updated} pods of an older revision are still there`
  return available < wanted ? `${available} of ${wanted} pods are available` : undefined
}

/** A go-template for a workload: the labels of its pods, as a selector. */
const SELECTOR = '{{range $key, $value := .spec.selector.matchLabels}}{{$key}}={{$value}},{{end}}'

/** For a workload: why no pod is made at all, such as a quota. */
const CONDITIONS =
  '{{range .status.conditions}}{{if and (eq .type "ReplicaFailure") (eq .status "True")}}{{.reason}}: {{.message}}{{"\\n"}}{{end}}{{end}}'

const container = (list: string): string =>
  `{{range .status.${list}}}{{if not .ready}}{{$restarts := .restartCount}}{{$last := .lastState.terminated}}` +
  '{{with .state.waiting}}{{$pod}}|{{$restarts}}|{{.reason}}{{with .message}}: {{.}}{{end}}{{end}}' +
  '{{with .state.terminated}}{{if or (ne .exitCode 0) (ne .reason "Completed")}}{{$pod}}|{{$restarts}}|ended with exit code {{.exitCode}} ({{.reason}}){{end}}{{end}}' +
  '{{if .state.running}}{{$pod}}|{{$restarts}}|it runs and is not ready{{end}}' +
  '{{with $last}}, ended before with exit code {{.exitCode}} ({{.reason}}){{end}}{{"\\n"}}{{end}}{{end}}'

/** For a list of pods: a line for each that is not well: `pod|restarts|why`. */
export const TROUBLES =
  '{{range .items}}{{$pod := .metadata.name}}' +
  '{{range .status.conditions}}{{if and (eq .type "PodScheduled") (eq .status "False")}}{{$pod}}|0|no node takes it: {{.message}}{{"\\n"}}{{end}}{{end}}' +
  `${container('initContainerStatuses')}${container('containerStatuses')}{{end}}`

const WARNINGS = '{{range .items}}{{.reason}}: {{.message}}{{"\\n"}}{{end}}'

/**
 * Shell text that waits for a workload. When the time is over it tells what is wrong: of each pod that is not well the
 * reason Kubernetes gives, its last events and last log lines; and in the last line, which is what a task fails with,
 * the first of them.
 *
 * @param seconds - to wait at most
 */
export function waitScript(object: KubeObject, seconds: number): string {
  const name = `${object.kind} ${object.metadata.name}`
  const where = inNamespace(object)
  const get = (what: string, template: string): string =>
    sh`lb_kubectl get ${raw(what)} ${where} -o ${`go-template=${template}`}`
  return [
    sh`lb_kubectl rollout status ${target(object)} ${where} --timeout=${raw(`${seconds}s`)} && exit 0`,
    `lb_selector=$(${get(target(object), SELECTOR)}) || exit 1`,
    `lb_troubles=$(${get('pods --selector "${lb_selector%,}"', TROUBLES)})`,
    `lb_why=$(${get(target(object), CONDITIONS)} | head -n 1)`,
    // An empty line, should there be no trouble to tell, is none.
    'lb_first=',
    `printf '%s\\n' "$lb_troubles" | grep . >&2`,
    // At most three pods: the others fare the same as a rule.
    `for lb_pod in $(printf '%s\\n' "$lb_troubles" | cut -d '|' -f 1 | sort -u | head -n 3); do`,
    '  echo "== events of pod $lb_pod" >&2',
    sh`  lb_kubectl get events ${where} --field-selector ${raw('"involvedObject.name=$lb_pod,type=Warning"')} --sort-by=.lastTimestamp -o ${`go-template=${WARNINGS}`} | tail -n 5 >&2`,
    '  echo "== log of pod $lb_pod" >&2',
    sh`  lb_log=$(lb_kubectl logs ${where} --all-containers --tail=10 "$lb_pod" 2>/dev/null | grep .)`,
    // A container that was started again has the reason in the log of the one before.
    sh`  lb_old=$(lb_kubectl logs ${where} --all-containers --previous --tail=10 "$lb_pod" 2>/dev/null | grep .)`,
    `  printf '%s\\n' "$lb_old" "$lb_log" | grep . >&2`,
    '  [ -n "$lb_first" ] || lb_first=$(printf \'%s\\n\' "${lb_old:-$lb_log}" | tail -n 1 | sed "s/^./the log of $lb_pod ends: &/")',
    'done',
    `lb_trouble=$(printf '%s\\n' "$lb_troubles" | head -n 1 | sed 's/^\\([^|]*\\)|\\([0-9]*\\)|/pod \\1: /')`,
    sh`printf '%s did not come up within %s s' ${name} ${seconds} >&2`,
    '[ -z "$lb_why" ] || printf \': %s\' "$lb_why" >&2',
    '[ -z "$lb_trouble" ] || printf \': %s\' "$lb_trouble" >&2',
    '[ -z "$lb_first" ] || printf \'; %s\' "$lb_first" >&2',
    'echo >&2; exit 1',
  ].join('\n')
}
