import { type PlaybookStep, tagged } from 'labbook'
import { foundation } from '../site/steps.ts'
import { appPlays } from './app.ts'
import { contextIn } from './cluster.ts'
import { comparison, measureK3s, measureSwarm } from './comparison/index.ts'
import { K3S_EXPERIMENTS } from './experiments/index.ts'
import { clusterPlan, k3sUp, reset } from './install/index.ts'
import { projectPlaybook } from '../project.ts'

/**
 * An existing cluster (`-e kubecontext=NAME`) is not installed. The app's prerequisites share its tags: image digests
 * are known only after the tasks that build the images.
 */
const up = (context: string | undefined): readonly PlaybookStep[] =>
  context !== undefined
    ? appPlays
    : [clusterPlan, ...tagged('k3s-app', tagged('k3s', foundation)), ...k3sUp, ...appPlays]

const NEED_NODES = ['k3s-drain', 'k3s-node-killed']

/** On an existing cluster, skips experiments on nodes: its hosts are not in the inventory. */
const experiments = (context: string | undefined): readonly PlaybookStep[] => {
  const all = Object.entries(K3S_EXPERIMENTS)
  return all.filter(([name]) => context === undefined || !NEED_NODES.includes(name)).map(([, each]) => each)
}

export default projectPlaybook({
  name: 'k3s',
  description:
    'Installs k3s on the servers and agents of the inventory and deploys the Counter app on it. With -e kubecontext=NAME, uses an existing cluster.',
  subcommands: {
    up: 'install or update the cluster, and deploy the app',
    experiments: 'run up, then the experiments',
    'measure-k3s': 'run up, then measure performance and resource usage on k3s',
    'measure-swarm': 'measure the same on the Swarm (run playbooks/app.mjs first)',
    compare: 'compare Swarm and k3s from the results of earlier runs',
    reset: 'remove the cluster, its workloads and its data',
  },
  steps: ([subcommand], extraVars) => {
    const context = contextIn(extraVars)
    const cluster = (): readonly PlaybookStep[] => up(context)
    const steps: Readonly<Record<string, () => readonly PlaybookStep[]>> = {
      up: cluster,
      experiments: () => [...cluster(), ...experiments(context)],
      'measure-k3s': () => [...cluster(), measureK3s],
      'measure-swarm': () => [measureSwarm],
      compare: () => [comparison],
      reset: () => reset,
    }
    return (steps[subcommand ?? 'up'] ?? cluster)()
  },
})
