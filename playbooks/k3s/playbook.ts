import { playbook, type Step } from '../../src/labbook.ts'
import { docker } from '../docker/docker.ts'
import { labUp } from '../lab/lab.ts'
import { registryUp } from '../registry/steps.ts'
import { clusterPlan, k3sUp, reset } from './install/index.ts'

const up = (): readonly Step[] => [clusterPlan, ...labUp, docker, ...registryUp, ...k3sUp]

export default playbook({
  name: 'k3s',
  description: 'Forms a k3s cluster of the servers and agents in the inventory. With -e kubecontext=NAME, the app goes to a cluster that is there.',
  words: {
    up: 'install it, or bring it to what the inventory says',
    reset: 'remove it, with all that runs on it and all its data',
  },
  asks: ([word], hosts) => word === 'reset' ? `Remove k3s with all that runs on it and all its data, as far as it is on ${hosts.filter((host) => host !== 'localhost').join(', ')}?` : undefined,
  steps: ([word]) => word === 'reset' ? reset : up(),
})
