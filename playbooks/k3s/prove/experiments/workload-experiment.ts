import { disturbAll, type Experiment } from 'labbook'
import { experimentOnServices, type ServiceExperiment } from '../../../methods/service-experiment.ts'
import { disturbedTargets } from '../../cluster.ts'
import { KUBERNETES, type KubernetesKind } from '../kinds.ts'
import type { Workload } from '../model.ts'
import { requireSteadyState, type KubernetesRun, type KubernetesSession } from '../session.ts'

export type WorkloadExperiment = ServiceExperiment<KubernetesKind, Workload, KubernetesSession>

/**
 * An experiment that disturbs one workload after the other, under requests.
 *
 * @param planned - the workloads, as far as they are known before the run
 */
export function workloadExperiment(
  run: KubernetesRun,
  planned: readonly string[],
  experiment: WorkloadExperiment,
): Experiment {
  const { kind } = experiment
  const effect = KUBERNETES[kind].effect(planned.join(', '))
  return experimentOnServices(
    run,
    {
      name: KUBERNETES[kind].title,
      hosts: 'localhost',
      tags: ['k3s', 'prove', kind, 'proof'],
      disturbs: effect === '' ? false : (on) => disturbAll(disturbedTargets(on), effect),
      requireSteadyState,
    },
    experiment,
  )
}
