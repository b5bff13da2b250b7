import { autoscale } from './autoscale.ts'
import { podConfig } from './pod-config.ts'
import { nodeDrained, nodeKilled } from './nodes.ts'
import { dataSurvives, podKilled } from './pods.ts'
import { brokenUpdate, rollingUpdate } from './updates.ts'

/** Kubernetes experiments by name, in execution order. */
export const K3S_EXPERIMENTS = {
  'k3s-given': podConfig,
  'k3s-pod-killed': podKilled,
  'k3s-data': dataSurvives,
  'k3s-drain': nodeDrained,
  'k3s-update': rollingUpdate,
  'k3s-broken-update': brokenUpdate,
  'k3s-autoscale': autoscale,
  'k3s-node-killed': nodeKilled,
} as const
