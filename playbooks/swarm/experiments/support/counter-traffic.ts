import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, MessageList } from 'labbook'
import { say } from '../../../messages/say.ts'
import { call, callMany } from '../../../app/client.ts'
import type { Endpoint } from '../../../shared/http-request.ts'
import type { ProbeRequest } from './probe.ts'

/** An endpoint of the app, and the node that publishes it. */
export interface AppEndpoint extends Endpoint {
  readonly node: string
}

/** The requests that watch an app during an experiment. */
export interface Traffic {
  /** In the order in which they are sent. */
  readonly requests: readonly ProbeRequest[]
  /** For the report: `GET /`. */
  readonly description: Message | MessageList
  /** Reads the count, if the app has one; NaN if no endpoint returns it. */
  readonly readCount?: () => Promise<number>
}

const PATHS = { GET: '/api/counter', POST: '/api/counter/increment' } as const

/** Alternating reads and increments of the Counter app, round robin over the endpoints. */
export const counterTraffic = (endpoints: readonly AppEndpoint[]): Traffic => ({
  requests: (['GET', 'POST'] as const).flatMap((method) =>
    endpoints.map(
      (endpoint): ProbeRequest => ({
        endpoint: endpoint.node,
        method,
        async send(timeoutMs) {
          const { status, replica, node, count } = await call(endpoint, method, PATHS[method], timeoutMs)
          return status === 200 ? { status, replica, node, count } : { status, error: `status ${status}` }
        },
      }),
    ),
  ),
  description: say('alternating {requests}', { requests: `GET ${PATHS.GET}, POST ${PATHS.POST}` }),
  readCount: () => readCount(endpoints),
})

/** Reads the count through any endpoint; retries while the service recovers. */
async function readCount(endpoints: readonly AppEndpoint[]): Promise<number> {
  for (let tries = 0; tries < 20; tries++) {
    const { answers } = await callMany(endpoints, 'GET', '/api/counter', {
      total: endpoints.length,
      clients: endpoints.length,
    })
    const [answer] = answers
    if (answer !== undefined) return answer.count
    await sleep(500)
  }
  return Number.NaN
}
