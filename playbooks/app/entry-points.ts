import type { EntryPoint } from '../methods/entry-point.ts'
import type { ObservedStack } from '../methods/observe.ts'
import type { EntryTarget } from '../methods/traffic.ts'
import { verbatim, type LabSetupContext } from '../messages/say.ts'
import type { Endpoint } from '../shared/http-request.ts'
import { endpoints } from './proof.ts'
import { STACK } from './stack.ts'

/** An endpoint of the app, and the node that publishes it. */
export interface AppEndpoint extends Endpoint {
  readonly node: string
}

/** The app's endpoint on every node of the Swarm. */
export const appEndpoints = (on: Pick<LabSetupContext, 'groups' | 'hostvars'>): AppEndpoint[] => {
  const nodes = on.groups.swarm ?? []
  return endpoints(on, nodes).map((endpoint, i) => ({ ...endpoint, node: nodes[i] as string }))
}

/** The entry point of the Counter app, whose probe counts increments. */
export function counterTargets(all: readonly AppEndpoint[]): EntryTarget[] {
  const entryPoint: EntryPoint = {
    service: 'counter',
    port: all[0]?.port ?? 0,
    mode: 'ingress',
    probes: [
      {
        kind: 'http',
        path: '/api/counter',
        expect: 200,
        counter: { post: '/api/counter/increment', count: 'count' },
      },
    ],
    reason: verbatim('Counter app'),
  }
  return all.map(({ node, ...address }) => ({ entryPoint, node, address }))
}

/** The Counter app for its experiments. Some topologies have several Redis services. */
export const counterStack = (on: Pick<LabSetupContext, 'groups' | 'hostvars'>): ObservedStack => ({
  stack: STACK,
  services: ['counter', 'redis'],
  targets: counterTargets(appEndpoints(on)),
})
