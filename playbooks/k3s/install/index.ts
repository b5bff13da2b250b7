import { access } from './access.ts'
import { files } from './files.ts'
import { agents, firstServer, labels, otherServers, serverData } from './nodes.ts'
import { plan, preflight, swarmAway } from './preflight.ts'

/** What the cluster is to be: before anything is done. */
export const clusterPlan = plan

/** From machines to a k3s cluster, and kubectl on this machine that reaches it. */
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
