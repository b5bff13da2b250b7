import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy for a loopback port, with faults. */
export interface Proxy {
  readonly port: number
  /** Number of accepted connections. */
  connections(): number
  /** Silently drops all bytes of existing connections. */
  freeze(direction?: 'both' | 'answers'): void
  /** Closes existing connections on both sides. */
  cut(): Promise<unknown>
  stop(): void
}

export function startProxy(target: number): Promise<Proxy> {
  const pairs: { near: Socket; far: Socket }[] = []
  let accepted = 0
  const server = createServer((near) => {
    accepted++
    const far = connect(target, '127.0.0.1')
    const pair = { near, far }
    pairs.push(pair)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => to.write(chunk))
      from.on('error', () => undefined)
      from.on('close', () => {
        if (pairs.includes(pair)) to.destroy()
      })
    }
  })
  const frozen: Socket[] = []
  const freeze = (direction: 'both' | 'answers' = 'both'): void => {
    for (const { near, far } of pairs.splice(0)) {
      frozen.push(near, far)
      far.removeAllListeners('data').resume()
      if (direction === 'both') near.removeAllListeners('data').resume()
    }
  }
  const proxy = {
    connections: () => accepted,
    freeze,
    cut: () => {
      const closed = pairs
        .splice(0)
        .flatMap(({ near, far }) => [near, far])
        .map((socket) => once(socket.destroy(), 'close'))
      return Promise.all(closed)
    },
    stop: () => {
      void proxy.cut()
      for (const socket of frozen) socket.destroy()
      server.close()
    },
  }
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ ...proxy, port: (server.address() as { port: number }).port }))
  })
}
