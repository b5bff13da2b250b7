import type { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import autocannon from 'autocannon'
import { CEILINGS, type ClosedPlan, type Kind, type Target } from './plan.ts'
import { shuffledRound, seeded } from './random.ts'
import type { EndReason } from './result.ts'
import { signatureOf, type ReplicaSignature } from './signature.ts'
import { TIMED_OUT, type Tally } from './tally.ts'

/** The connection closed before the response was complete. */
const CLOSED = 'connection closed without a response'
/** Inaccuracy of timers. */
const SLACK_MS = 20

/** The parts of autocannon's client that are used here. */
interface Client extends EventEmitter {
  destroy(): void
  readonly opts: { hostname: string; port: unknown }
}

interface Pending {
  readonly kind: number
  readonly sentAt: number
  answer?: { readonly status: number; readonly bytes: number; readonly signature: ReplicaSignature }
}

/**
 * Closed model: each connection sends its next request when the last has completed. It measures capacity; its latencies
 * suffer from coordinated omission.
 *
 * Does not use autocannon's counts, which omit the response before each reconnect and connections closed without a
 * response. Follows each request to its end instead.
 */
export async function closed(plan: ClosedPlan, tally: Tally, signal: AbortSignal): Promise<{ ended: EndReason }> {
  const { targets, kinds, connections, warmup, seconds, timeLimit, reconnectEvery, seed } = plan
  const order = shuffledRound(
    kinds.map(({ weight }) => weight),
    seeded(seed),
  )
  let sent = 0
  let broken = 0
  let ended: EndReason = 'in time'
  const clients: Client[] = []
  // autocannon polls its stop flag, and never does if connections fail before they reach the network, since it retries
  // within the same event loop turn. So destroy its clients, exactly at the end of the measurement window.
  const stopClients = (): void => {
    load.stop()
    for (const client of clients) client.destroy()
  }
  const end = (why: EndReason): void => {
    if (ended === 'in time') ended = why
    stopClients()
  }

  const follow = (client: Client): void => {
    clients.push(client)
    bindTo(client, targets)
    let position = -1
    let pending: Pending | undefined
    const done = (now: number): void => {
      if (pending === undefined) return
      const { kind, sentAt, answer } = pending
      const latency = now - sentAt
      pending = undefined
      if (answer !== undefined)
        tally.add(kind, now, latency, { status: answer.status, bytes: answer.bytes, ...answer.signature })
      else tally.add(kind, now, latency, { error: latency >= timeLimit * 1000 - SLACK_MS ? TIMED_OUT : CLOSED })
    }
    client.on('request', () => {
      // Before a reconnect only the next request, in the same event loop turn, shows that the last one ended.
      done(performance.now())
      position = (position + 1) % order.length
      pending = { kind: order[position] as number, sentAt: performance.now() }
      if (++sent >= CEILINGS.requests) end('requests used up')
    })
    client.on('headers', ({ statusCode, headers }: { statusCode: number; headers: readonly string[] }) => {
      if (pending === undefined) return
      const header = headerIn(headers)
      pending.answer = {
        status: statusCode,
        bytes: Number(header('content-length') ?? 0),
        signature: signatureOf(header, () => ''),
      }
    })
    client.on('body', (chunk: Buffer) => {
      const answer = pending?.answer
      if (pending === undefined || answer === undefined || answer.signature.replica !== undefined) return
      pending.answer = {
        ...answer,
        signature: signatureOf(
          () => undefined,
          () => chunk.toString('utf8'),
        ),
      }
    })
    client.on('response', () => {
      done(performance.now())
    })
    client.on('connError', (error: NodeJS.ErrnoException) => {
      if (pending !== undefined) tally.add(pending.kind, performance.now(), 0, { error: error.code ?? error.message })
      pending = undefined
      if (++broken >= CEILINGS.failures) end('too many failures')
    })
  }

  const load: autocannon.Instance & PromiseLike<unknown> = autocannon({
    // A list is used round-robin by the connections; the types allow only one URL.
    url: targets.map(
      ({ host, port }) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ) as unknown as string,
    connections,
    duration: warmup + seconds + 1,
    timeout: timeLimit,
    sampleInt: 100,
    requests: order.map((kind) => requestOf(kinds[kind] as Kind)),
    setupClient: (client) => {
      follow(client as unknown as Client)
    },
    ...(reconnectEvery === undefined ? {} : { reconnectRate: reconnectEvery }),
  }) as unknown as autocannon.Instance & PromiseLike<unknown>
  const stop = (): void => {
    end('aborted')
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const timer = setTimeout(stopClients, tally.window.to - performance.now())
  await load
  clearTimeout(timer)
  signal.removeEventListener('abort', stop)
  return { ended }
}

const requestOf = ({ method, path }: Kind): autocannon.Request => ({
  method,
  path,
  ...(method === 'POST' ? { headers: { 'content-length': '0' } } : {}),
})

/**
 * autocannon has no option for the local address, but passes its port to net.connect, which also accepts options there.
 */
function bindTo(client: Client, targets: readonly Target[]): void {
  const { hostname, port } = client.opts
  const from = targets.find(
    (target) => target.host === hostname.replace(/^\[|\]$/g, '') && target.port === Number(port),
  )?.from
  if (from !== undefined) client.opts.port = { host: hostname, port: Number(port), localAddress: from }
}

/** @param headers - alternating names and values. */
const headerIn =
  (headers: readonly string[]) =>
  (name: string): string | undefined => {
    for (let at = 0; at < headers.length; at += 2) if (headers[at]?.toLowerCase() === name) return headers[at + 1]
    return undefined
  }
