import http from 'node:http'

/** Where the app is reached from outside. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** The address of this machine to send from; the lab's, so that nothing leaves it when the lab is down. */
  readonly from?: string
  /** An answer is waited for so many times as long. Default 1. */
  readonly slowdown?: number
}

export interface Answer {
  readonly status: number
  readonly replica: string
  readonly node: string
  readonly count: number
}

/**
 * One request to the app's API on a connection of its own: a kept one would stay with one replica.
 * @throws when no whole answer came within the time limit.
 */
export function call(
  { host, port, from, slowdown = 1 }: Endpoint,
  method: 'GET' | 'POST',
  path: string,
  limitMs = 5000,
): Promise<Answer> {
  const timeLimitMs = limitMs * slowdown
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host,
        port,
        method,
        path,
        agent: false,
        timeout: timeLimitMs,
        ...(from === undefined ? {} : { localAddress: from }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          try {
            resolve({ status: response.statusCode ?? 0, ...read(Buffer.concat(chunks).toString('utf8')) })
          } catch {
            reject(new Error(`${method} ${path}: status ${response.statusCode}, and no JSON`))
          }
        })
      },
    )
    request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer within ${timeLimitMs} ms`)))
    request.on('error', reject)
    request.end()
  })
}

function read(body: string): Omit<Answer, 'status'> {
  const { count, replica, node } = JSON.parse(body) as Record<string, unknown>
  return { count: Number(count), replica: String(replica), node: String(node) }
}

/** What came of many requests: the answers, and why others failed. */
export interface Answers {
  readonly answers: readonly Answer[]
  readonly errors: readonly string[]
}

/**
 * Sends `total` requests with `clients` under way at a time, going round the endpoints. Bounded: no request is
 * repeated.
 */
export async function callMany(
  endpoints: readonly Endpoint[],
  method: 'GET' | 'POST',
  path: string,
  { total, clients }: { total: number; clients: number },
): Promise<Answers> {
  const answers: Answer[] = []
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
