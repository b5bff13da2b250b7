import { scaleExperiment } from '../../../methods/scale-experiment.ts'
import { hasEntryPoints } from '../../../methods/traffic.ts'
import { KUBERNETES_CLUSTER } from '../kubernetes.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

/** Scales a workload up by one and back. */
export const scale: WorkloadExperiment = scaleExperiment(KUBERNETES_CLUSTER, {
  hypothesis:
    'Kubernetes adds and removes pods until the desired number is ready. A pod that terminates finishes its requests first.',
  answersRequests: hasEntryPoints,
})
