import http from 'node:http'
import type { Kind, Target } from './plan.ts'
import { signatureOf } from './signature.ts'
import { TIME_LIMIT, type Outcome } from './tally.ts'

/** What of a body is looked at for a signature. */
const LOOKED_AT = 4096

export interface Sending {
  readonly target: Target
  readonly kind: Kind
  readonly agent: http.Agent
  readonly timeLimitMs: number
  /** The connection is closed after this request. */
  readonly last: boolean
}

/**
 * Sends one request and waits for its whole answer. Redirects are not followed, and nothing is sent twice: a kept
 * connection that the server has closed meanwhile is a failure like any other. Never rejects.
 */
export function send({ target, kind, agent, timeLimitMs, last }: Sending): Promise<Outcome> {
  return new Promise((resolve) => {
    const { host, port, from } = target
    const request = http.request({
      host,
      port,
      agent,
      method: kind.method,
      path: kind.path,
      ...(from === undefined ? {} : { localAddress: from }),
      headers: last ? { connection: 'close' } : {},
    })
    const end = (outcome: Outcome): void => {
      clearTimeout(timer)
      resolve(outcome)
    }
    // Of the whole request: a server that sends a byte now and then would never be idle.
    const timer = setTimeout(() => {
      end({ error: TIME_LIMIT })
      request.destroy()
    }, timeLimitMs)
    request.on('error', (error: NodeJS.ErrnoException) => {
      end({ error: error.code ?? error.message })
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        if (bytes < LOOKED_AT) chunks.push(chunk)
        bytes += chunk.length
      })
      response.on('error', (error: NodeJS.ErrnoException) => {
        end({ error: error.code ?? error.message })
      })
      response.on('end', () => {
        const header = (name: string): string | undefined => response.headers[name]?.toString()
        end({
          status: response.statusCode ?? 0,
          bytes,
          ...signatureOf(header, () => Buffer.concat(chunks).toString('utf8')),
        })
      })
    })
    request.end()
  })
}
