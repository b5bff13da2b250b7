import net from 'node:net'
import { headerOf, httpRequest, type Endpoint } from '../shared/http-request.ts'
import type { CounterProbe, EntryProbe, PingProtocol } from './entry-point.ts'
import type { ProbeResponse } from './steady-probe.ts'

/** Sends one probe on a new connection: a keep-alive connection would stay with one replica. */
export function sendProbe(address: Endpoint, probe: EntryProbe, timeoutMs: number): Promise<ProbeResponse> {
  if (probe.kind === 'http') return sendGet(address, probe, timeoutMs)
  return probe.kind === 'tcp' ? connect(address, timeoutMs) : connect(address, timeoutMs, PINGS[probe.protocol])
}

type HttpProbe = Extract<EntryProbe, { readonly kind: 'http' }>

async function sendGet(
  address: Endpoint,
  { path, expect, counter }: HttpProbe,
  timeoutMs: number,
): Promise<ProbeResponse> {
  const response = await sendHttp(address, 'GET', path, counter, timeoutMs)
  const { status, count } = response
  if (expect === undefined ? status >= 500 : status !== expect) return { ...response, error: `status ${status}` }
  return counter === undefined || count !== undefined
    ? response
    : { ...response, error: `status ${status} without a number "${counter.count}" in JSON` }
}

/** Sends an increment. One that is refused is not acknowledged. */
export async function sendIncrement(
  address: Endpoint,
  counter: CounterProbe,
  timeoutMs: number,
): Promise<ProbeResponse> {
  const response = await sendHttp(address, 'POST', counter.post, counter, timeoutMs)
  return response.status < 400 ? response : { ...response, error: `status ${response.status}` }
}

/** @throws if the request is not answered in HTTP within the timeout. */
async function sendHttp(
  address: Endpoint,
  method: 'GET' | 'POST',
  path: string,
  counter: CounterProbe | undefined,
  timeoutMs: number,
): Promise<ProbeResponse & { readonly status: number }> {
  const response = await httpRequest(address, method, path, timeoutMs)
  const count = counter === undefined ? undefined : numberIn(response.body, counter.count)
  return {
    status: response.status,
    replica: headerOf(response, 'x-replica'),
    node: headerOf(response, 'x-node'),
    ...(count === undefined ? {} : { count }),
  }
}

/** A number in a JSON object, by its key. */
function numberIn(body: string, key: string): number | undefined {
  try {
    const value = (JSON.parse(body) as Readonly<Record<string, unknown>> | null)?.[key]
    return typeof value === 'number' ? value : undefined
  } catch {
    return undefined
  }
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
function connect({ host, port, from, slowdown = 1 }: Endpoint, timeoutMs: number, ping?: Ping): Promise<ProbeResponse> {
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
