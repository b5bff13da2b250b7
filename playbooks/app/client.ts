import { httpRequest, type Endpoint } from '../shared/http-request.ts'

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
export async function call(
  endpoint: Endpoint,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs = 5000,
): Promise<CounterResponse> {
  const { status, body } = await httpRequest(endpoint, method, path, timeoutMs)
  try {
    return { status, ...parseBody(body) }
  } catch {
    throw new Error(`${method} ${path}: status ${status}, body is not JSON`)
  }
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
