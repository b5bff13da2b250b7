import type { Exhibit, Message } from 'labbook'
import { inSeconds, type LabContext, type LabSetupContext, say } from '../../../messages/say.ts'
import type { ClaimVerdict } from '../../../methods/experiment-series.ts'
import { noLostIncrement, onlyIf } from '../../../methods/verdicts.ts'
import type { TimelineRecorder } from '../../../methods/observe.ts'
import { KUBERNETES_CLUSTER } from '../kubernetes.ts'
import type { Workload } from '../model.ts'
import { observeWorkloads } from '../observe.ts'
import { commandsFor, currentState, type KubernetesSession } from '../session.ts'
import { type ClusterState, isSteadyWorkload, podsOf, type WorkloadPod } from '../state.ts'
import { watchState } from './pods.ts'
import { updateClaims } from '../../../methods/update-claims.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

const UPDATE_SECONDS = 240

export const kubectlName = ({ kind, name }: Workload): string => `${kind.toLowerCase()}/${name}`

/** Whether an update cannot start pods before it stops others: then short outages count, not requests. */
const isReplacedInPlace = ({ role, kind }: Workload): boolean => role === 'stateful' || kind !== 'Deployment'

/** What updates of a workload claim. */
export const UPDATES = updateClaims<Workload, KubernetesSession>(isReplacedInPlace)

/** Updates a workload to the same image, and rolls it back. */
export const update: WorkloadExperiment = {
  kind: 'update',
  hypothesis: 'A new pod is ready before an old one terminates, and the old one finishes its requests first.',
  claims: [
    ...UPDATES.update,
    { name: 'stops', statement: ({ name }) => say('Pods of {name} end within their grace period', { name }) },
  ],
  async method(on, session, workload) {
    const { k } = commandsFor(on, session.model)
    const resource = kubectlName(workload)
    const observed = await observeWorkloads(
      on,
      session,
      say('Timeline: {service} is updated and rolled back', { service: workload.name }),
      async (watching) => {
        const updated = await roll(on, session, workload, 'update', k(`rollout restart ${resource}`), watching)
        const between = watching.now()
        const rolledBack = await roll(on, session, workload, 'rollback', k(`rollout undo ${resource}`), watching)
        await on.pause(1, 'the last responses')
        return { updated, between, rolledBack }
      },
    )
    const { updated, between, rolledBack } = observed.value
    return {
      completes: {
        holds: updated.reached,
        evidence: [...updated.exhibits, observed.exhibit],
        detail: endOf(updated),
        measured: updated.reached ? { 'time to update': [updated.took, 's'] } : {},
      },
      requests: onlyIf(
        updated.reached,
        await KUBERNETES_CLUSTER.judge(on, observed, {
          ...UPDATES.judgeRequests(on, workload, observed, { to: between }),
          evidence: updated.exhibits,
        }),
      ),
      rollback: onlyIf(
        rolledBack.reached,
        await KUBERNETES_CLUSTER.judge(on, observed, {
          ...UPDATES.judgeRequests(on, workload, observed, { from: between }),
          evidence: rolledBack.exhibits,
        }),
      ),
      increments: { ...noLostIncrement(observed), evidence: [observed.exhibit] },
      stops: stopVerdict(workload, [updated, rolledBack], observed.exhibit),
    }
  },
  undo: undoUpdate,
}

/** Rolls back what is left of an interrupted update: the template in the manifests has no restart. */
export async function undoUpdate(on: LabSetupContext, session: KubernetesSession, workload: Workload): Promise<void> {
  const { at, k } = commandsFor(on, session.model)
  const image = await on.exec({
    ...at,
    command: k(`get ${kubectlName(workload)} -o jsonpath='{.spec.template.spec.containers[0].image}'`),
  })
  if (image.stdout.trim() === BROKEN_IMAGE)
    await on.exec({ ...at, command: k(`rollout undo ${kubectlName(workload)}`) })
  // A StatefulSet waits for a broken pod for ever, also after the rollback.
  for (const { name, state } of podsOf(await currentState(on, session), workload))
    if (UNPULLED.test(state)) await on.exec({ ...at, command: k(`delete pod ${name} --wait=false`) })
}

/** State of a pod whose image cannot be pulled. */
export const UNPULLED = /^(ErrImagePull|ImagePullBackOff)$/
/** An image that cannot be pulled: nothing listens there. */
export const BROKEN_IMAGE = 'localhost:1/labbook/no-such-image:1'

export interface Rolled {
  readonly reached: boolean
  readonly took: number
  readonly state: ClusterState
  /** Old pods, and those of them that were still there when their grace period was over. */
  readonly old: readonly WorkloadPod[]
  readonly killed: ReadonlySet<string>
  readonly exhibits: readonly Exhibit[]
}

const TEXTS = {
  update: { started: 'Update of {service}', progress: 'Pods of {workload} during update', over: 'update over' },
  rollback: { started: 'Rollback of {service}', progress: 'Pods of {workload} during rollback', over: 'rollback over' },
} as const

async function roll(
  on: LabContext,
  session: KubernetesSession,
  workload: Workload,
  kind: keyof typeof TEXTS,
  command: string,
  { mark, now }: TimelineRecorder,
): Promise<Rolled> {
  const { at } = commandsFor(on, session.model)
  const old = podsOf(await currentState(on, session), workload)
  const names = old.map(({ uid }) => uid)
  const lives = new PodLives()
  const began = now()
  const started = await on.exhibit({ ...at, title: say(TEXTS[kind].started, { service: workload.name }), command })
  mark(kind)
  const watched = await watchState(
    on,
    session,
    say(TEXTS[kind].progress, { workload: workload.name }),
    `the ${kind} of ${workload.name}`,
    UPDATE_SECONDS,
    (state) => {
      lives.observe(
        podsOf(state, workload).filter(({ uid }) => names.includes(uid)),
        state.time,
      )
      return isSteadyWorkload(state, workload) && podsOf(state, workload).every(({ uid }) => !names.includes(uid))
    },
  )
  mark(TEXTS[kind].over)
  return {
    reached: started.exitCode === 0 && watched.reached,
    took: now() - began,
    state: watched.state,
    old,
    killed: lives.killed,
    exhibits: [started, watched.exhibit],
  }
}

const endOf = ({ reached, took, state }: Rolled): Message => {
  const blocked = state.pods.find((pod) => pod.blocked !== '')?.blocked ?? ''
  return reached
    ? say('took {time}', { time: inSeconds(took) })
    : say('{state} after {time}{why}', {
        state: say('not completed'),
        time: inSeconds(took),
        why: blocked === '' ? '' : `: ${blocked}`,
      })
}

/** Seconds between a kill and the end of a pod in the API, and between two polls. */
const POLL_SECONDS = 2

/** Finds out which of the pods that terminate live as long as their grace period. */
export class PodLives {
  readonly #lives = new Map<string, { readonly endsBy: number; readonly lastSeen: number }>()
  readonly killed = new Set<string>()

  /** @param time - of the poll, in seconds since 1970 */
  observe(pods: readonly Pick<WorkloadPod, 'uid' | 'endsBy'>[], time: number): void {
    for (const pod of pods) {
      const endsBy = this.#lives.get(pod.uid)?.endsBy ?? pod.endsBy
      if (endsBy !== undefined) this.#lives.set(pod.uid, { endsBy, lastSeen: time })
    }
    for (const [uid, { endsBy, lastSeen }] of this.#lives) {
      const isGone = pods.every((pod) => pod.uid !== uid)
      // The kubelet kills at the deadline; a pod that is gone before it has ended by itself.
      if (lastSeen >= endsBy || (isGone && time >= endsBy && lastSeen >= endsBy - POLL_SECONDS)) this.killed.add(uid)
      if (isGone) this.#lives.delete(uid)
    }
  }
}

/** Whether old pods were gone before the kubelet killed them. */
export function stopVerdict(
  { grace }: Workload,
  rolls: readonly Pick<Rolled, 'reached' | 'old' | 'killed'>[],
  exhibit: Exhibit,
): ClaimVerdict {
  const all = rolls.flatMap(({ old }) => old).length
  const killed = rolls.reduce((total, each) => total + each.killed.size, 0)
  return {
    holds: killed > 0 ? false : rolls.every(({ reached }) => reached) && all > 0 ? true : null,
    evidence: [exhibit],
    detail:
      killed > 0
        ? say('{killed} of {pods} pods were still there after {grace} s', { killed, pods: all, grace })
        : say('{pods} pods ended within {grace} s', { pods: all, grace }),
    facts: { grace },
  }
}
