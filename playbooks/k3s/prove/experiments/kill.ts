import { say } from '../../../messages/say.ts'
import { killExperiment } from '../../../methods/kill-experiment.ts'
import { KUBERNETES_CLUSTER } from '../kubernetes.ts'
import { commandsFor } from '../session.ts'
import { readyPod, watchReplacement } from './pods.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

/** Kills a pod without a grace period. */
export const kill: WorkloadExperiment = killExperiment(KUBERNETES_CLUSTER, {
  hypothesis: 'Kubernetes creates another pod for one that ends. Until it is ready, other pods answer.',
  replaced: (name) => say('Kubernetes replaces a killed pod of {name}', { name }),
  available: (name) => say('Entry points answer while a pod of {name} is killed and replaced', { name }),
  increments: (name) => say('Replacement of a killed pod of {name} loses no acknowledged increment', { name }),
  timeline: (workload) => say('Timeline: a pod of {workload} is killed', { workload }),
  async instance(on, session, workload) {
    const { at, k } = commandsFor(on, session.model)
    const { pod, ready } = await readyPod(on, session, workload)
    return {
      kill: {
        ...at,
        title: say('Kill a pod of {workload}', { workload: workload.name }),
        command: k(`delete pod ${pod.name} --grace-period=0 --force --wait=false`),
      },
      killed: say('{pod} killed', { pod: pod.name }),
      watchReplacement: () => watchReplacement(on, session, workload, pod, ready),
    }
  },
})
