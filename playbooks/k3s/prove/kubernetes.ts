import { say } from '../../messages/say.ts'
import type { Orchestrator } from '../../methods/orchestrator.ts'
import { overloadOf } from '../../methods/overload.ts'
import { inconclusiveIfTooSlow } from '../../methods/partition.ts'
import { isReady } from '../objects.ts'
import { watchState } from './experiments/pods.ts'
import type { Workload } from './model.ts'
import { observeWorkloads } from './observe.ts'
import { awaitSteadyState, commandsFor, type KubernetesSession } from './session.ts'
import { podsOf } from './state.ts'

const START_SECONDS = 120

/** Workloads of Kubernetes in the experiments that the Swarm has, too. */
export const KUBERNETES_CLUSTER: Orchestrator<Workload, KubernetesSession> = {
  observe: observeWorkloads,
  async judge(on, { exhibit }, verdict) {
    const complete = { ...verdict, evidence: [...(verdict.evidence ?? []), exhibit] }
    if (verdict.holds !== false) return complete
    // An existing cluster has no hosts that can be asked.
    const hosts = [...(on.groups.k3s_servers ?? []), ...(on.groups.k3s_agents ?? [])]
    return inconclusiveIfTooSlow(await overloadOf(on, hosts), complete)
  },
  scaler(on, session, workload) {
    const { at, k } = commandsFor(on, session.model)
    const { name, kind } = workload
    return {
      service: name,
      command: (replicas) => ({ ...at, command: k(`scale ${kind.toLowerCase()} ${name} --replicas=${replicas}`) }),
      async watch(replicas) {
        const { reached, exhibit, state } = await watchState(
          on,
          session,
          say('Pods of {workload} until {replicas} are ready', { workload: name, replicas }),
          `${replicas} pods of ${name}`,
          START_SECONDS,
          (each) => {
            const pods = podsOf(each, workload)
            return pods.length === replicas && pods.every(isReady)
          },
        )
        const blocked = podsOf(state, workload).find((pod) => pod.blocked !== '')
        return { reached, exhibit, error: blocked?.blocked ?? '' }
      },
    }
  },
  awaitSteadyState: (on, session) => awaitSteadyState(on, session),
}
