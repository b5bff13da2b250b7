import http from 'node:http'

/** Where clients reach the app. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** Local address to send from: the lab's, so that no request leaves this machine when the lab is down. */
  readonly from?: string
  /** The `Host` header, for a proxy that routes by name. Default: the address. */
  readonly hostHeader?: string
  /** Timeout multiplier. Default 1. */
  readonly slowdown?: number
}

export interface CounterResponse {
  readonly status: number
  readonly replica: string
  readonly node: string
  readonly count: number
}

/**
 * Sends one request to the app's API on a new connection: a keep-alive connection would stay with one replica.
 * @throws when no complete response arrives within the timeout.
 */
export function call(
  { host, port, from, hostHeader, slowdown = 1 }: Endpoint,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs = 5000,
): Promise<CounterResponse> {
  const scaledTimeoutMs = timeoutMs * slowdown
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host,
        port,
        method,
        path,
        agent: false,
        timeout: scaledTimeoutMs,
        ...(from === undefined ? {} : { localAddress: from }),
        ...(hostHeader === undefined ? {} : { headers: { host: hostHeader } }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          try {
            resolve({ status: response.statusCode ?? 0, ...parseBody(Buffer.concat(chunks).toString('utf8')) })
          } catch {
            reject(new Error(`${method} ${path}: status ${response.statusCode}, body is not JSON`))
          }
        })
      },
    )
    request.on('timeout', () =>
      request.destroy(new Error(`${method} ${path}: no response within ${scaledTimeoutMs} ms`)),
    )
    request.on('error', reject)
    request.end()
  })
}

function parseBody(body: string): Omit<CounterResponse, 'status'> {
  const { count, replica, node } = JSON.parse(body) as Record<string, unknown>
  return { count: Number(count), replica: String(replica), node: String(node) }
}

/** Results of many requests: the responses, and the errors of failed requests. */
export interface CallResults {
  readonly answers: readonly CounterResponse[]
  readonly errors: readonly string[]
}

/**
 * Sends `total` requests from `clients` concurrent clients, round robin over the endpoints. Failed requests are not
 * retried.
 */
export async function callMany(
  endpoints: readonly Endpoint[],
  method: 'GET' | 'POST',
  path: string,
  { total, clients }: { total: number; clients: number },
): Promise<CallResults> {
  const answers: CounterResponse[] = []
  const errors: string[] = []
  let next = 0
  const client = async (): Promise<void> => {
    while (next < total) {
      const endpoint = endpoints[next++ % endpoints.length] as Endpoint
      try {
        const answer = await call(endpoint, method, path)
        if (answer.status === 200) answers.push(answer)
        else errors.push(`status ${answer.status}`)
      } catch (error) {
        errors.push((error as Error).message)
      }
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return { answers, errors }
}
