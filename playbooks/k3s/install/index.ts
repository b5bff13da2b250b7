import { access } from './access.ts'
import { files } from './files.ts'
import { agents, firstServer, labelNodes, otherServers, serverData } from './nodes.ts'
import { plan, preflight, removeSwarmStack } from './preflight.ts'

/** Shows the planned cluster before any change. */
export const clusterPlan = plan

/** Installs a k3s cluster and configures kubectl on this machine. */
export const k3sUp = [
  preflight,
  removeSwarmStack,
  files,
  serverData,
  firstServer,
  otherServers,
  agents,
  labelNodes,
  access,
] as const
export { reset } from './reset.ts'
