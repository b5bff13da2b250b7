import type { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import autocannon from 'autocannon'
import { CEILINGS, type ClosedPlan, type Kind, type Target } from './plan.ts'
import { round, seeded } from './random.ts'
import type { Ended } from './result.ts'
import { signatureOf, type Signature } from './signature.ts'
import { TIME_LIMIT, type Tally } from './tally.ts'

/** The answer broke off, or the connection was closed before one came. */
const CLOSED = 'connection closed without an answer'
/** Timers fire a little early or late. */
const SLACK_MS = 20

/** A client of autocannon: of its own fields only where it connects to. */
interface Client extends EventEmitter {
  destroy(): void
  readonly opts: { hostname: string; port: unknown }
}

interface Pending {
  readonly kind: number
  readonly sentAt: number
  answer?: { readonly status: number; readonly bytes: number; readonly signature: Signature }
}

/**
 * Keeps as many requests under way as there are connections: the next one goes out when the last has been answered.
 * That is for capacity; its latencies hide whatever made the next request wait.
 *
 * What autocannon counts itself is not used. It leaves out the answer before each reconnect and what a server closes
 * without an answer; here each request that its clients say they send is followed to its end.
 */
export async function closed(plan: ClosedPlan, tally: Tally, signal: AbortSignal): Promise<{ ended: Ended }> {
  const { targets, kinds, connections, warmup, seconds, timeLimit, reconnectEvery, seed } = plan
  const places = round(
    kinds.map(({ weight }) => weight),
    seeded(seed),
  )
  let sent = 0
  let broken = 0
  let ended: Ended = 'in time'
  const clients: Client[] = []
  // autocannon looks at its stop now and then, and never where connections fail before they reach the network, as it
  // tries again in the same turn of the event loop. So its clients are stopped themselves, and at the very end of the
  // time that counts.
  const finish = (): void => {
    load.stop()
    for (const client of clients) client.destroy()
  }
  const end = (why: Ended): void => {
    if (ended === 'in time') ended = why
    finish()
  }

  const follow = (client: Client): void => {
    clients.push(client)
    bindTo(client, targets)
    let turn = -1
    let pending: Pending | undefined
    const done = (now: number): void => {
      if (pending === undefined) return
      const { kind, sentAt, answer } = pending
      const took = now - sentAt
      pending = undefined
      if (answer !== undefined)
        tally.add(kind, now, took, { status: answer.status, bytes: answer.bytes, ...answer.signature })
      else tally.add(kind, now, took, { error: took >= timeLimit * 1000 - SLACK_MS ? TIME_LIMIT : CLOSED })
    }
    client.on('request', () => {
      // Only a new request tells of the end of the one before a reconnect, and in the same turn of the event loop.
      done(performance.now())
      turn = (turn + 1) % places.length
      pending = { kind: places[turn] as number, sentAt: performance.now() }
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
    // The list goes round the connections; the types know a single one only.
    url: targets.map(
      ({ host, port }) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ) as unknown as string,
    connections,
    duration: warmup + seconds + 1,
    timeout: timeLimit,
    sampleInt: 100,
    requests: places.map((place) => requestOf(kinds[place] as Kind)),
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
  const timer = setTimeout(finish, tally.window.to - performance.now())
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
 * autocannon has no option for the address to send from, but hands what it has as a port on to net.connect, which takes
 * options there.
 */
function bindTo(client: Client, targets: readonly Target[]): void {
  const { hostname, port } = client.opts
  const from = targets.find(
    (target) => target.host === hostname.replace(/^\[|\]$/g, '') && target.port === Number(port),
  )?.from
  if (from !== undefined) client.opts.port = { host: hostname, port: Number(port), localAddress: from }
}

/** @param headers - names and values in turn. */
const headerIn =
  (headers: readonly string[]) =>
  (name: string): string | undefined => {
    for (let at = 0; at < headers.length; at += 2) if (headers[at]?.toLowerCase() === name) return headers[at + 1]
    return undefined
  }
