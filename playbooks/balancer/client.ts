import { tableOf, lines, say } from '../messages/say.ts'
import http from 'node:http'
import { type MessageList } from 'labbook'
import { headerOf, httpRequest, type Endpoint, type HttpResponse } from '../shared/http-request.ts'

/** A response of the app, with its path through the balancer. */
export interface BalancerResponse {
  readonly status: number
  readonly count: number
  readonly replica: string
  readonly node: string
  /** Node of the balancer, and its program. */
  readonly balancerNode: string
  readonly balancer: string
}

/** An HTTP client, with a cookie jar like a browser or without. */
export class CookieClient {
  readonly #jar: Map<string, string> | undefined
  readonly #agent: http.Agent | false

  /** @param options.agent - keeps connections open. Default: a new one for each request. */
  constructor({ cookies, agent = false }: { readonly cookies: boolean; readonly agent?: http.Agent | false }) {
    this.#agent = agent
    this.#jar = cookies ? new Map() : undefined
  }

  /**
   * Sends one request, without an agent on a new connection.
   *
   * @throws when no complete response arrives within the timeout.
   */
  async request(endpoint: Endpoint, method: 'GET' | 'POST', path: string, timeoutMs = 8000): Promise<BalancerResponse> {
    const cookie = [...(this.#jar ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await httpRequest(
      { ...endpoint, agent: this.#agent },
      method,
      path,
      timeoutMs,
      cookie === '' ? {} : { cookie },
    )
    this.#storeCookies(response.headers['set-cookie'] ?? [])
    return parseResponse(response)
  }

  #storeCookies(cookies: readonly string[]): void {
    for (const cookie of cookies) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? []
      this.#jar?.set(name, value)
    }
  }
}

const parseResponse = (response: HttpResponse): BalancerResponse => ({
  status: response.status,
  count: parseCount(response.body),
  replica: headerOf(response, 'x-replica'),
  node: headerOf(response, 'x-node'),
  balancerNode: headerOf(response, 'x-balancer-node'),
  balancer: headerOf(response, 'x-balancer'),
})

function parseCount(body: string): number {
  try {
    return Number((JSON.parse(body) as Record<string, unknown>).count)
  } catch {
    return Number.NaN
  }
}

/** Results of many requests: the responses, and the errors of failed requests. */
export interface RequestTally {
  readonly answers: readonly BalancerResponse[]
  readonly errors: readonly string[]
}

/** Sends requests one after the other, round robin over the endpoints. */
export async function requestRoundRobin(
  client: CookieClient,
  endpoints: readonly Endpoint[],
  path: string,
  times: number,
): Promise<RequestTally> {
  const answers: BalancerResponse[] = []
  const errors: string[] = []
  for (let n = 0; n < times; n++) {
    try {
      const answer = await client.request(endpoints[n % endpoints.length] as Endpoint, 'GET', path)
      if (answer.status === 200) answers.push(answer)
      else errors.push(`status ${answer.status}`)
    } catch (error) {
      errors.push((error as Error).message)
    }
  }
  return { answers, errors }
}

/** Sends requests one after the other over one connection, as long as the server keeps it open. */
export async function requestOverOneConnection(
  endpoint: Endpoint,
  path: string,
  times: number,
): Promise<RequestTally & { readonly connections: number }> {
  const agent = new CountingAgent({ keepAlive: true, maxSockets: 1 })
  try {
    const client = new CookieClient({ cookies: false, agent })
    const tally = await requestRoundRobin(client, [endpoint], path, times)
    return { ...tally, connections: agent.connections }
  } finally {
    agent.destroy()
  }
}

/** Counts the connections that it opens. */
class CountingAgent extends http.Agent {
  connections = 0

  override createConnection(...args: Parameters<http.Agent['createConnection']>) {
    this.connections += 1
    return super.createConnection(...args)
  }
}

/** The replicas that answered, sorted. */
export const distinctReplicas = ({ answers }: RequestTally): string[] =>
  [...new Set(answers.map(({ replica }) => replica))].sort()

/** Responses by balancer, node and replica, as a table. */
export function responseTable({ answers, errors }: RequestTally): MessageList {
  const rows = new Map<string, { cells: string[]; responses: number }>()
  for (const { balancerNode, node, replica } of answers) {
    const cells = [balancerNode, node, replica]
    const responses = (rows.get(cells.join(' '))?.responses ?? 0) + 1
    rows.set(cells.join(' '), { cells, responses })
  }
  return lines(
    tableOf([
      [say('BALANCER ON'), say('APP ON'), say('REPLICA'), say('RESPONSES')],
      ...[...rows].sort(([a], [b]) => a.localeCompare(b)).map(([, { cells, responses }]) => [...cells, responses]),
    ]),
    say('failed requests: {n}', { n: errors.length }),
    ...[...new Set(errors)].map((error) => `  ${error}`),
  )
}
