import { MessageError, type WatchResult } from 'labbook'
import { type LabContext, type LabSetupContext, type LabText, say } from '../../../messages/say.ts'
import { clusterHosts, nodeNameOf } from '../../cluster.ts'
import { isReady } from '../../objects.ts'
import type { Workload } from '../model.ts'
import { commandsFor, currentState, type KubernetesSession } from '../session.ts'
import { type ClusterState, podsOf, readState, readyPodsOf, type WorkloadPod } from '../state.ts'

/** Watches the workloads and pods until a condition holds. */
export async function watchState(
  on: LabSetupContext,
  session: KubernetesSession,
  title: LabText,
  waitingFor: string,
  within: number,
  until: (state: ClusterState) => boolean,
): Promise<WatchResult & { readonly state: ClusterState }> {
  const { at, state: command } = commandsFor(on, session.model)
  let state: ClusterState = { workloads: [], pods: [], time: Number.NaN }
  const watched = await on.watch({
    ...at,
    title,
    waitingFor,
    command,
    within,
    until: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return false
      state = readState(stdout)
      return until(state)
    },
  })
  return { ...watched, state }
}

/**
 * A ready pod of a workload.
 *
 * @throws {MessageError} if there is none.
 */
export async function readyPod(
  on: LabSetupContext,
  session: KubernetesSession,
  workload: Workload,
): Promise<{ readonly pod: WorkloadPod; readonly ready: number }> {
  const pods = readyPodsOf(await currentState(on, session), workload)
  const [pod] = pods
  if (pod === undefined) throw new MessageError(say('no pod of {workload} is ready', { workload: workload.name }))
  return { pod, ready: pods.length }
}

/** Waits until a pod has been replaced: by another, or by a restart of its container. */
export const watchReplacement = (
  on: LabContext,
  session: KubernetesSession,
  workload: Workload,
  { uid, restarts }: WorkloadPod,
  wanted: number,
  within = 120,
): ReturnType<typeof watchState> =>
  watchState(
    on,
    session,
    say('Pods of {workload} until the replacement', { workload: workload.name }),
    `another pod of ${workload.name}`,
    within,
    (state) => {
      const pods = podsOf(state, workload)
      const replaced = pods.every((pod) => pod.uid !== uid || pod.restarts > restarts)
      return replaced && pods.filter(isReady).length >= wanted
    },
  )

/** The host of the inventory that runs as a node; undefined for a context. */
export const hostOfNode = (on: Pick<LabSetupContext, 'groups' | 'hostvars'>, node: string): string | undefined =>
  clusterHosts(on).find((host) => nodeNameOf(on, host) === node)

/**
 * Sends a signal to all processes of a pod, on its node. The directory of the cgroup has the UID, with dashes or
 * with underscores; the process that keeps the pod's namespaces is left alone.
 */
export function signalPod(uid: string, signal: 'STOP' | 'CONT'): string {
  const pattern = `pod(${uid}|${uid.replaceAll('-', '_')})`
  return [
    'lb_n=0',
    `for lb_p in $(grep -lE '${pattern}' /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3); do`,
    '[ "$(cat /proc/$lb_p/comm 2>/dev/null)" != pause ] || continue',
    `kill -${signal} "$lb_p" && lb_n=$((lb_n + 1)); done`,
    'echo "$lb_n processes"; [ "$lb_n" -gt 0 ]',
  ].join('\n')
}
