import { playbook, type Step } from '../../src/labbook.ts'
import { tagged } from '../../src/run/tags.ts'
import { foundation } from '../site/steps.ts'
import { appPlays } from './app.ts'
import { comparison, measureK3s, measureSwarm } from './comparison/index.ts'
import { K3S_EXPERIMENTS } from './experiments/index.ts'
import { clusterPlan, k3sUp, reset } from './install/index.ts'

/**
 * A cluster that is there (`-e kubecontext=NAME`) is not ours to install. What the app stands on has its tags, too: its
 * images are known by what has made them.
 */
const up = (kubecontext: unknown): readonly Step[] =>
  isOther(kubecontext)
    ? appPlays
    : [clusterPlan, ...tagged('k3s-app', tagged('k3s', foundation)), ...k3sUp, ...appPlays]

const isOther = (kubecontext: unknown): boolean => kubecontext !== undefined && kubecontext !== ''

const TAKE_NODES = ['k3s-drain', 'k3s-node-killed']

/** Machines of another cluster are not in the inventory, and those that are there are none of its nodes. */
const experiments = (kubecontext: unknown): readonly Step[] => {
  const all = Object.entries(K3S_EXPERIMENTS)
  return all.filter(([name]) => !isOther(kubecontext) || !TAKE_NODES.includes(name)).map(([, each]) => each)
}

export default playbook({
  name: 'k3s',
  description:
    'Forms a k3s cluster of the servers and agents in the inventory and runs the Counter app on it. With -e kubecontext=NAME, on a cluster that is there.',
  words: {
    up: 'install it, or bring it to what the inventory says',
    experiments: 'the same, and then the experiments on it',
    'measure-k3s': 'the same, and then what the app on it gives and what it costs',
    'measure-swarm': 'what the app on the Swarm gives and costs, for the comparison (first: playbooks/app.mjs)',
    compare: 'put runs on the Swarm and on k3s side by side, from what they measured',
    reset: 'remove it, with all that runs on it and all its data',
  },
  steps: ([word], { kubecontext }) => {
    const cluster = (): readonly Step[] => up(kubecontext)
    const steps: Readonly<Record<string, () => readonly Step[]>> = {
      up: cluster,
      experiments: () => [...cluster(), ...experiments(kubecontext)],
      'measure-k3s': () => [...cluster(), measureK3s],
      'measure-swarm': () => [measureSwarm],
      compare: () => [comparison],
      reset: () => reset,
    }
    return (steps[word ?? 'up'] ?? cluster)()
  },
})
