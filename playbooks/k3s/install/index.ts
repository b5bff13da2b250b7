import { access } from './access.ts'
import { files } from './files.ts'
import { agents, firstServer, labels, otherServers, serverData } from './nodes.ts'
import { plan, preflight, swarmAway } from './preflight.ts'

/** Shows the planned cluster before any change. */
export const clusterPlan = plan

/** Installs a k3s cluster and configures kubectl on this machine. */
export const k3sUp = [
  preflight,
  swarmAway,
  files,
  serverData,
  firstServer,
  otherServers,
  agents,
  labels,
  access,
] as const
export { reset } from './reset.ts'
