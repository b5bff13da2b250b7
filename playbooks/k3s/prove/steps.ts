import { k8s, messageText, play, type Play, type PlaybookStep } from 'labbook'
import { proveVars } from '../../prove/vars.ts'
import { kubectlTarget } from '../cluster.ts'
import { k3sAppVars } from '../vars.ts'
import { brokenUpdate } from './experiments/broken-update.ts'
import { dependency } from './experiments/dependency.ts'
import { hang } from './experiments/hang.ts'
import { kill } from './experiments/kill.ts'
import { nodeExperiments } from './experiments/node.ts'
import { scale } from './experiments/scale.ts'
import { settings } from './experiments/settings.ts'
import { update } from './experiments/update.ts'
import { workloadExperiment, type WorkloadExperiment } from './experiments/workload-experiment.ts'
import { inspectWorkloads } from './inspect.ts'
import { workloadsOf } from './kinds.ts'
import { modelTables, planTables } from './preview.ts'
import { requireWorkloads, selectedFiles, selectedKinds, selectedModel } from './selection.ts'
import { KubernetesRun } from './session.ts'
import { suggestChanges } from './suggest.ts'
import { DEFAULT_NAMESPACE } from './workloads.ts'

type Vars = Readonly<Record<string, unknown>>

const WORKLOAD_EXPERIMENTS: readonly WorkloadExperiment[] = [
  settings,
  kill,
  hang,
  scale,
  update,
  brokenUpdate,
  dependency,
]

/** Applies the manifests. Objects that they do not contain are left alone. */
const deploy: Play = play('Deploy manifests', { hosts: 'localhost', tags: ['k3s', 'prove'] }, (on) => {
  const { host, become, context } = kubectlTarget(on)
  return [
    k8s('Apply manifests', {
      src: selectedFiles(on.vars),
      namespace: DEFAULT_NAMESPACE,
      ...(context === undefined ? { delegate_to: host } : { context }),
      become,
      wait: true,
      wait_timeout: k3sAppVars.read(on.vars).kubernetes_wait_timeout,
    }),
  ]
})

/** The steps of `k3s.mjs prove`: deployment, inspection, experiments. */
export function kubernetesProveSteps(vars: Vars): readonly PlaybookStep[] {
  const { model } = selectedModel(vars)
  const kinds = selectedKinds(vars)
  const { services: named } = proveVars.read(vars)
  requireWorkloads(model, named)
  const run = new KubernetesRun(named)
  const planned = (each: WorkloadExperiment): string[] => workloadsOf(each.kind, model, named).map(({ name }) => name)
  const tried = kinds.filter((kind) => workloadsOf(kind, model, named).length > 0)
  return [
    deploy,
    inspectWorkloads(run, tried),
    ...WORKLOAD_EXPERIMENTS.filter(({ kind }) => tried.includes(kind)).map((each) =>
      workloadExperiment(run, planned(each), each),
    ),
    ...nodeExperiments(run, tried),
    suggestChanges(run),
  ]
}

/** What `k3s.mjs prove --list` shows. */
export function kubernetesProvePreview(vars: Vars): string {
  const { model } = selectedModel(vars)
  const { services: named } = proveVars.read(vars)
  return [messageText(modelTables(model)), '', ...planTables(model, selectedKinds(vars), named), '', ''].join('\n')
}
