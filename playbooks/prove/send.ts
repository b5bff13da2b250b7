import net from 'node:net'
import { headerOf, httpRequest, type Endpoint } from '../shared/http-request.ts'
import type { ProbeResponse } from '../swarm/experiments/support/probe.ts'
import type { PingProtocol, EntryProbe } from './model.ts'

/** Sends one probe on a new connection: a keep-alive connection would stay with one replica. */
export function sendProbe(address: Endpoint, probe: EntryProbe, timeoutMs: number): Promise<ProbeResponse> {
  if (probe.kind === 'http') return sendHttp(address, 'GET', probe.path, probe.expect, timeoutMs)
  return probe.kind === 'tcp' ? connect(address, timeoutMs) : connect(address, timeoutMs, PINGS[probe.protocol])
}

/** Sends a request. @throws if it is not answered in HTTP within the timeout. */
export async function sendHttp(
  address: Endpoint,
  method: 'GET' | 'POST',
  path: string,
  expect: number | undefined,
  timeoutMs: number,
): Promise<ProbeResponse> {
  const response = await httpRequest(address, method, path, timeoutMs)
  const { status } = response
  const succeeded = expect === undefined ? status < 500 : status === expect
  return {
    status,
    replica: headerOf(response, 'x-replica'),
    node: headerOf(response, 'x-node'),
    ...(succeeded ? {} : { error: `status ${status}` }),
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
