import https from 'node:https'

/** Sends a request to the API. @returns the answer; undefined for 404 and 409, which a race may cause. */
export type Api = (method: Method, path: string, body?: object) => Promise<unknown>
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** Objects of a list. */
export const items = async <T>(answer: Promise<unknown>): Promise<readonly T[]> =>
  ((await answer) as { items?: readonly T[] } | undefined)?.items ?? []

/** A client of an API server on this machine, whose certificate is self-signed. */
export function apiClient(server: string, token: string): Api {
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false })
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const sent = body === undefined ? '' : JSON.stringify(body)
      const request = https.request(
        `${server}${path}`,
        {
          agent,
          method,
          headers: {
            authorization: `Bearer ${token}`,
            'content-length': Buffer.byteLength(sent),
            'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            const { statusCode = 0 } = response
            if (statusCode === 404 || statusCode === 409) resolve(undefined)
            else if (statusCode >= 300) reject(new Error(`${method} ${path}: ${statusCode} ${text.slice(0, 500)}`))
            else resolve(text.startsWith('{') ? JSON.parse(text) : text)
          })
        },
      )
      request.on('error', reject)
      request.end(sent)
    })
}
