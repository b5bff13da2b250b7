import http from 'node:http'

/** An entry point, as this machine reaches it. */
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

export interface HttpResponse {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/**
 * Sends one request on a new connection: a keep-alive connection would stay with one replica.
 *
 * @throws when no complete response arrives within the timeout.
 */
export function httpRequest(
  { host, port, from, hostHeader, slowdown = 1 }: Endpoint,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs: number,
  headers: http.OutgoingHttpHeaders = {},
): Promise<HttpResponse> {
  const scaledTimeoutMs = timeoutMs * slowdown
  const signal = AbortSignal.timeout(scaledTimeoutMs)
  return new Promise((resolve, reject) => {
    // An abort while the body arrives is an error of the response, such as "aborted".
    const fail = (error: Error): void => {
      reject(signal.aborted ? new Error(`${method} ${path}: no response within ${scaledTimeoutMs} ms`) : error)
    }
    const request = http.request(
      {
        host,
        port,
        method,
        path,
        agent: false,
        signal,
        headers: hostHeader === undefined ? headers : { ...headers, host: hostHeader },
        ...(from === undefined ? {} : { localAddress: from }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', fail)
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          })
        })
      },
    )
    request.on('error', fail)
    request.end()
  })
}

/** A header of a response; empty if it is missing. */
export const headerOf = ({ headers }: HttpResponse, name: string): string => String(headers[name] ?? '')
