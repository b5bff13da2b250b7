import http from 'node:http'
import type { Kind, Target } from './plan.ts'
import { signatureOf } from './signature.ts'
import { TIMED_OUT, type RequestOutcome } from './tally.ts'

/** Bytes of the body to search for a signature. */
const SIGNATURE_BYTES = 4096

export interface RequestOptions {
  readonly target: Target
  readonly kind: Kind
  readonly agent: http.Agent
  readonly timeLimitMs: number
  /** Close the connection after this request. */
  readonly last: boolean
}

/**
 * Sends one request and reads its complete response. No redirects, no retries: a keep-alive connection that the server
 * closed is a failure like any other. Never rejects.
 */
export function send({ target, kind, agent, timeLimitMs, last }: RequestOptions): Promise<RequestOutcome> {
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
    const end = (outcome: RequestOutcome): void => {
      clearTimeout(timer)
      resolve(outcome)
    }
    // For the entire request: an idle timeout would never fire if the server trickles bytes.
    const timer = setTimeout(() => {
      end({ error: TIMED_OUT })
      request.destroy()
    }, timeLimitMs)
    request.on('error', (error: NodeJS.ErrnoException) => {
      end({ error: error.code ?? error.message })
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        if (bytes < SIGNATURE_BYTES) chunks.push(chunk)
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
