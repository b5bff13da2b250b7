import { access } from './access.ts'
import { files } from './files.ts'
import { checkCluster } from './existing-cluster.ts'
import { sentinelImages } from './images.ts'
import { agents, firstServer, labelNodes, otherServers } from './nodes.ts'
import { plan, preflight, removeSwarmStack } from './preflight.ts'

/** Shows the planned cluster before any change. */
export const clusterPlan = plan

/** Installs a k3s cluster and configures kubectl on this machine. It follows the foundation of `site/steps.ts`. */
export const k3sUp = [
  preflight,
  files,
  checkCluster,
  ...sentinelImages,
  // Nothing that runs is removed before everything that its successor needs is there and checked.
  removeSwarmStack,
  firstServer,
  otherServers,
  agents,
  labelNodes,
  access,
] as const
export { reset } from './reset.ts'
