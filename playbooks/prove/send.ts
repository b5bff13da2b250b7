import http from 'node:http'
import net from 'node:net'
import type { ProbeResponse } from '../swarm/experiments/support/probe.ts'
import type { PingProtocol, EntryProbe } from './model.ts'

/** An address of an entry point, as this machine reaches it. */
export interface Address {
  readonly host: string
  readonly port: number
  /** Local address to send from. */
  readonly from?: string
  /** Timeout multiplier. */
  readonly slowdown?: number
}

/** Sends one probe on a new connection: a keep-alive connection would stay with one replica. */
export function sendProbe(address: Address, probe: EntryProbe, timeoutMs: number): Promise<ProbeResponse> {
  if (probe.kind === 'http') return sendHttp(address, 'GET', probe.path, probe.expect, timeoutMs)
  return probe.kind === 'tcp' ? connect(address, timeoutMs) : connect(address, timeoutMs, PINGS[probe.protocol])
}

/** Sends a request. @throws if it is not answered in HTTP within the timeout. */
export async function sendHttp(
  address: Address,
  method: 'GET' | 'POST',
  path: string,
  expect: number | undefined,
  timeoutMs: number,
): Promise<ProbeResponse> {
  const { status, headers } = await httpRequest(address, method, path, timeoutMs)
  const succeeded = expect === undefined ? status < 500 : status === expect
  return {
    status,
    replica: headerOf(headers, 'x-replica'),
    node: headerOf(headers, 'x-node'),
    ...(succeeded ? {} : { error: `status ${status}` }),
  }
}

const headerOf = (headers: http.IncomingHttpHeaders, name: string): string => String(headers[name] ?? '')

interface HttpResponse {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** A request and its complete response. */
export function httpRequest(
  { host, port, from, slowdown = 1 }: Address,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs: number,
): Promise<HttpResponse> {
  const limit = timeoutMs * slowdown
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host,
        port,
        method,
        path,
        agent: false,
        signal: AbortSignal.timeout(limit),
        ...(from === undefined ? {} : { localAddress: from }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          })
        })
      },
    )
    request.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`${method} ${path}: no response within ${limit} ms`) : error)
    })
    request.end()
  })
}

interface Ping {
  /** Sent first; a MySQL server speaks first. */
  readonly request?: Buffer
  /** Whether the answer is that of a server that takes connections; undefined: more bytes are needed. */
  readonly accepts: (answer: Buffer) => boolean | undefined
}

const PINGS: Readonly<Record<PingProtocol, Ping>> = {
  // A server that requires a password is up.
  redis: {
    request: Buffer.from('PING\r\n'),
    accepts: (answer) => (answer.length < 5 ? undefined : /^(\+PONG|-NOAUTH)/.test(answer.toString('latin1'))),
  },
  // An SSLRequest, which is answered with S or N.
  postgres: {
    request: Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]),
    accepts: (answer) => (answer.length < 1 ? undefined : [0x53, 0x4e].includes(answer[0] as number)),
  },
  // After a header of 4 bytes: protocol version 10, or an error such as "too many connections".
  mysql: { accepts: (answer) => (answer.length < 5 ? undefined : answer[4] === 10) },
}

/** Opens a connection, and pings. @throws if there is no answer. */
function connect({ host, port, from, slowdown = 1 }: Address, timeoutMs: number, ping?: Ping): Promise<ProbeResponse> {
  const limit = timeoutMs * slowdown
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, ...(from === undefined ? {} : { localAddress: from }) })
    const end = (settle: () => void): void => {
      clearTimeout(timer)
      socket.destroy()
      settle()
    }
    const fail = (message: string): void => {
      end(() => {
        reject(new Error(message))
      })
    }
    const timer = setTimeout(() => {
      fail(`no answer within ${limit} ms`)
    }, limit)
    let answer = Buffer.alloc(0)
    socket.on('connect', () => {
      if (ping?.request !== undefined) socket.write(ping.request)
      if (ping === undefined)
        end(() => {
          resolve({})
        })
    })
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      const accepts = ping?.accepts(answer)
      if (accepts === true)
        end(() => {
          resolve({})
        })
      else if (accepts === false)
        fail(`answer is not that of a ready server: ${answer.subarray(0, 40).toString('latin1')}`)
    })
    socket.on('error', (error) => {
      fail(error.message)
    })
    socket.on('end', () => {
      fail('connection closed without an answer')
    })
  })
}
