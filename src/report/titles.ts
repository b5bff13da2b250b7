import type { Messages } from './messages/index.ts'
import type { ClusterTopology } from './topology.ts'

/**
 * The title of a report without `report_title`: `Shop application on a three-node Docker Swarm`. undefined if the
 * run shows no cluster.
 */
export function defaultTitle(
  { nodes, manager, stack }: ClusterTopology,
  { defaultTitles }: Messages,
): string | undefined {
  if (manager === 'none' || nodes.length === 0) return undefined
  const app = stack === '' ? defaultTitles.services : defaultTitles.application(stack)
  return defaultTitles[manager](app, nodes.length)
}
