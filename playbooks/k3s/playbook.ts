import { type PlaybookStep, tagged } from 'labbook'
import { appProof, swarmProof } from '../app/proof.ts'
import { appStack } from '../app/stack.ts'
import { loadGenerators } from '../load/generators.ts'
import { foundation } from '../site/steps.ts'
import { EXPERIMENTS } from '../swarm/experiments/index.ts'
import { swarm } from '../swarm/swarm.ts'
import { appPlays } from './app.ts'
import { contextIn } from './cluster.ts'
import { comparison, measureK3s, measureSwarm } from './comparison/index.ts'
import { distributionDown, distributionOf, distributionUp } from './distribution.ts'
import { K3S_EXPERIMENTS } from './experiments/index.ts'
import { clusterPlan, k3sUp, reset } from './install/index.ts'
import { projectPlaybook } from '../project.ts'
import { kubernetesProvePreview, kubernetesProveSteps } from './prove/steps.ts'
import { k3sVars } from './vars.ts'

/**
 * An existing cluster (`-e kubecontext=NAME`) is not installed. The app's prerequisites share its tags: image digests
 * are known only after the tasks that build the images.
 */
const up = (context: string | undefined, creates: boolean): readonly PlaybookStep[] =>
  context !== undefined
    ? [...(creates ? distributionUp : []), ...appPlays]
    : [clusterPlan, ...tagged('k3s-app', tagged('k3s', foundation)), ...k3sUp, ...appPlays]

const NEED_NODES = ['k3s-drain', 'k3s-node-killed']

/** On an existing cluster, skips experiments on nodes: its hosts are not in the inventory. */
const experiments = (context: string | undefined): readonly PlaybookStep[] => {
  const all = Object.entries(K3S_EXPERIMENTS)
  return all.filter(([name]) => context === undefined || !NEED_NODES.includes(name)).map(([, each]) => each)
}

/** Swarm experiments whose results the comparison shows. */
const COMPARED = [
  EXPERIMENTS.drain,
  EXPERIMENTS['node-killed'],
  EXPERIMENTS.scale,
  EXPERIMENTS.update,
  EXPERIMENTS.health,
]

/**
 * Everything that the comparison shows, on the same hosts with the same images: first the Swarm, then k3s. The mesh and
 * the Ingress are part of the proofs.
 */
const bothSides = (): readonly PlaybookStep[] => [
  ...foundation,
  ...swarm,
  ...appStack,
  swarmProof,
  appProof,
  ...COMPARED,
  loadGenerators,
  measureSwarm,
  clusterPlan,
  ...k3sUp,
  ...appPlays,
  ...Object.values(K3S_EXPERIMENTS),
  measureK3s,
]

export default projectPlaybook({
  name: 'k3s',
  description:
    'Installs k3s on the servers and agents of the inventory and deploys the Counter app on it. With -e kubecontext=NAME, uses an existing cluster.',
  subcommands: {
    up: 'install or update the cluster, and deploy the app',
    experiments: 'run up, then the experiments',
    'measure-k3s': 'run up, then measure performance and resource usage on k3s',
    'measure-swarm': 'measure the same on the Swarm (run playbooks/app.mjs first)',
    compare: 'compare Swarm and k3s from the results of earlier runs, or with --measure of this one',
    prove: 'deploy manifests (-e manifests=folder) on the cluster, and watch them under faults',
    reset: 'remove the cluster, its workloads and its data',
  },
  switches: {
    measure: { help: 'with compare: run and measure both sides first', sets: 'k3s_compare_measure=true' },
  },
  steps: ([subcommand], extraVars) => {
    const context = contextIn(extraVars)
    const creates = distributionOf(extraVars) !== undefined
    const cluster = (): readonly PlaybookStep[] => up(context, creates)
    const steps: Readonly<Record<string, () => readonly PlaybookStep[]>> = {
      up: cluster,
      experiments: () => [...cluster(), ...experiments(context)],
      'measure-k3s': () => [...cluster(), measureK3s],
      'measure-swarm': () => [measureSwarm],
      compare: () => [...(k3sVars.read(extraVars).k3s_compare_measure ? bothSides() : []), comparison],
      prove: () => kubernetesProveSteps(extraVars),
      reset: () => (creates ? distributionDown : reset),
    }
    return (steps[subcommand ?? 'up'] ?? cluster)()
  },
  preview: ([subcommand], extraVars) => (subcommand === 'prove' ? kubernetesProvePreview(extraVars) : ''),
})
