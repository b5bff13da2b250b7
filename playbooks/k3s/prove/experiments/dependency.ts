import { say } from '../../../messages/say.ts'
import { dependencyExperiment } from '../../../methods/dependency-experiment.ts'
import { KUBERNETES_CLUSTER } from '../kubernetes.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

/** Scales a workload that others use to 0 for a while. */
export const dependency: WorkloadExperiment = dependencyExperiment(KUBERNETES_CLUSTER, {
  hypothesis: 'Workloads that use it fail requests meanwhile, and work again once it is back, without help.',
  recovers: (name) => say('The workloads recover by themselves after {name} was away', { name }),
})
