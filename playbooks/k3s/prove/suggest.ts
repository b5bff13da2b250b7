import type { Experiment, Message } from 'labbook'
import { labExperiment, say, tableOf } from '../../messages/say.ts'
import type { Outcome } from '../../methods/experiment-series.ts'
import type { KubernetesModel, Workload } from './model.ts'
import type { KubernetesRun } from './session.ts'

/** A change of a manifest for findings that do not hold. */
export interface ManifestChange {
  /** `Deployment web` */
  readonly object: string
  /** `spec.replicas` */
  readonly path: string
  readonly value: string
  /** What it changes in the behaviour, in one sentence. */
  readonly reason: Message
}

/** Memory for a container whose use was not measured. */
const DEFAULT_MEMORY = '256Mi'
const GRACE_FACTOR = 4
/** Long enough for a node that restarts its network, and short enough for users. */
const TOLERATION_SECONDS = 30

type Rule = (outcome: Outcome, workload: Workload) => readonly ManifestChange[]

const change = (workload: Workload, path: string, value: string, reason: Message): ManifestChange => ({
  object: `${workload.kind} ${workload.name}`,
  path,
  value,
  reason,
})

const container = (workload: Workload, name: string): string =>
  `spec.template.spec.containers[${name === '' ? (workload.containers[0]?.name ?? '') : name}]`

const readiness: Rule = ({ facts }, workload) =>
  workload.containers.some(({ hasReadinessProbe }) => hasReadinessProbe)
    ? []
    : [
        change(
          workload,
          `${container(workload, String(facts.container ?? ''))}.readinessProbe`,
          '{httpGet: {path: /, port: ...}, periodSeconds: 5}',
          say('a Service sends requests to a pod only while its readiness probe succeeds'),
        ),
      ]

const secondReplica: Rule = (_outcome, workload) =>
  workload.role === 'stateless' && workload.kind === 'Deployment' && workload.replicas === 1
    ? [change(workload, 'spec.replicas', '2', say('one pod answers while the other is replaced'))]
    : []

const startFirst: Rule = (outcome, workload) =>
  workload.kind === 'Deployment' && workload.stopsFirst && workload.role === 'stateless'
    ? [
        change(
          workload,
          'spec.strategy',
          '{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}',
          say('a new pod is ready before an old one terminates'),
        ),
      ]
    : [
        ...readiness(outcome, workload),
        ...(workload.containers.some(({ hasReadinessProbe }) => hasReadinessProbe)
          ? [
              change(
                workload,
                `${container(workload, '')}.lifecycle.preStop`,
                '{sleep: {seconds: 5}}',
                say('nodes send requests to a pod that terminates until they have removed its endpoint'),
              ),
            ]
          : []),
      ]

const earlierEviction: Rule = (_outcome, workload) =>
  workload.evictedAfter <= TOLERATION_SECONDS
    ? []
    : [
        change(
          workload,
          'spec.template.spec.tolerations',
          ['unreachable', 'not-ready']
            .map(
              (key) =>
                `{key: node.kubernetes.io/${key}, operator: Exists, effect: NoExecute, tolerationSeconds: ${TOLERATION_SECONDS}}`,
            )
            .join(', '),
          say('pods of a lost node are replaced after {seconds} s instead of {before} s', {
            seconds: TOLERATION_SECONDS,
            before: workload.evictedAfter,
          }),
        ),
      ]

/** The rules by `KIND.CLAIM`. */
const RULES: Readonly<Record<string, Rule>> = {
  'settings.memory-limit': ({ facts }, workload) =>
    String(facts.containers ?? '')
      .split(',')
      .map((name) =>
        change(
          workload,
          `${container(workload, name)}.resources.limits.memory`,
          DEFAULT_MEMORY,
          say('a leak ends this container, not its neighbours; three times what it uses is a start'),
        ),
      ),
  'settings.readiness': readiness,
  'settings.volume': (_outcome, workload) => [
    change(
      workload,
      'spec.template.spec.volumes',
      'a persistentVolumeClaim',
      say('its volume follows the pod, or binds it'),
    ),
  ],
  'kill.available': secondReplica,
  'hang.replaced': ({ facts }, workload) =>
    workload.containers.some(({ hasLivenessProbe }) => hasLivenessProbe)
      ? []
      : [
          change(
            workload,
            `${container(workload, String(facts.container ?? ''))}.livenessProbe`,
            '{httpGet: {path: /, port: ...}, periodSeconds: 10, failureThreshold: 3}',
            say('the kubelet restarts a container whose liveness probe fails'),
          ),
        ],
  'hang.available': (outcome, workload) => [...secondReplica(outcome, workload), ...readiness(outcome, workload)],
  'update.requests': startFirst,
  'update.rollback': startFirst,
  'update.stops': ({ facts }, workload) => [
    change(
      workload,
      'spec.template.spec.terminationGracePeriodSeconds',
      String(Number(facts.grace ?? 30) * GRACE_FACTOR),
      say('it needs more than {grace} s, or ignores SIGTERM: then its first process must handle the signal', {
        grace: facts.grace ?? 30,
      }),
    ),
  ],
  'scale.requests': startFirst,
  'broken-update.requests': startFirst,
  'power-cut.moves': earlierEviction,
  'cut-off.moves': earlierEviction,
}

/** Workloads whose only pods were on the lost node. */
const notAlone = (outcome: Outcome, { services }: KubernetesModel): readonly ManifestChange[] => {
  const names = String(outcome.facts.alone ?? '').split(',')
  return services.filter(({ name }) => names.includes(name)).flatMap((each) => secondReplica(outcome, each))
}

/** The changes for all findings that do not hold, each once. */
export function changesFor(outcomes: readonly Outcome[], model: KubernetesModel): ManifestChange[] {
  const changes = new Map<string, ManifestChange>()
  for (const outcome of outcomes.filter(({ holds }) => holds === false)) {
    const workload = model.services.find(({ name }) => name === outcome.service)
    const found =
      workload === undefined
        ? notAlone(outcome, model)
        : (RULES[`${outcome.kind}.${outcome.claim}`]?.(outcome, workload) ?? [])
    for (const each of found) {
      const key = `${each.object} ${each.path}`
      if (!changes.has(key)) changes.set(key, each)
    }
  }
  return [...changes.values()]
}

/** Suggests changes for the findings that do not hold. */
export const suggestChanges = (run: KubernetesRun): Experiment =>
  labExperiment(
    'Suggest changes of the manifests',
    { hosts: 'localhost', tags: ['k3s', 'prove', 'proof'], disturbs: false, assertions: {} },
    (on) => {
      const { session } = run
      const failed = run.outcomes.filter(({ holds }) => holds === false)
      if (session === undefined || failed.length === 0) return
      const changes = changesFor(failed, session.model)
      if (changes.length === 0) {
        on.log(say('no change is known for {n|finding|findings} without a suggestion', { n: failed.length }))
        return
      }
      const rows = changes.map(({ object, path, value, reason }) => [object, path, value, reason])
      on.record({
        title: 'Suggested changes',
        command: say('changes of the manifests; findings that do not hold: {n}', { n: failed.length }),
        stdout: tableOf([[say('OBJECT'), say('FIELD'), say('VALUE'), say('BECAUSE OF')], ...rows]),
        durationMs: 0,
      })
      for (const { object, path, value, reason } of changes)
        on.log(
          say('suggested: {change}', {
            change: say('{service}: {key}: {value} ({reason})', { service: object, key: path, value, reason }),
          }),
        )
    },
  )
