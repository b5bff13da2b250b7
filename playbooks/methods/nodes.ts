import type { WatchResult } from 'labbook'
import { type LabSetupContext, say } from '../messages/say.ts'

/** Lists the nodes of the Swarm, for {@link isReady} and {@link isDown}. */
export const NODES = `docker node ls --format 'table {{.Hostname}}\\t{{.Status}}\\t{{.Availability}}\\t{{.ManagerStatus}}'`

export const isReady = (nodes: string, name: string): boolean =>
  new RegExp(`^${name}\\s+Ready\\s+Active\\b`, 'm').test(nodes)

export const isDown = (nodes: string, name: string): boolean => new RegExp(`^${name}\\s+Down\\b`, 'm').test(nodes)

/** Seconds to wait, and between two checks. */
export interface WatchTimes {
  readonly within: number
  readonly every?: number
}

/** Waits until a node is Ready and Active. */
export const watchReady = (
  on: LabSetupContext,
  node: string,
  times: WatchTimes = { within: 240 },
): Promise<WatchResult> =>
  on.watch({
    title: say('Nodes until {node} is Ready', { node }),
    waitingFor: `${node} Ready`,
    command: NODES,
    ...times,
    until: ({ stdout }) => isReady(stdout, node),
  })

/** Waits until a node is Down. */
export const watchDown = (on: LabSetupContext, node: string, within = 120): Promise<WatchResult> =>
  on.watch({
    title: say('Nodes until {node} is Down', { node }),
    waitingFor: `${node} Down`,
    command: NODES,
    within,
    until: ({ stdout }) => isDown(stdout, node),
  })

/** Waits until every node of the Swarm is Ready and Active. */
export const watchAllReady = (on: LabSetupContext, times: WatchTimes): Promise<WatchResult> =>
  on.watch({
    title: 'Nodes until all are Ready',
    waitingFor: 'all nodes to be Ready',
    command: NODES,
    ...times,
    until: ({ stdout }) => (on.groups.swarm ?? []).every((name) => isReady(stdout, name)),
  })
