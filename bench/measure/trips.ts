import { spawn } from 'node:child_process'
import path from 'node:path'
import { output } from '../world/command.ts'

const PACKET = /^IP (\S+) > (\S+): /

/**
 * Counts round trips in the output of `tcpdump -nn -q -t`: how often, in each TCP connection, the direction changes
 * from client to server.
 */
export function countTrips(text: string, port = 22): number {
  const fromClient = new Map<string, boolean>()
  let trips = 0
  for (const line of text.split('\n')) {
    const [, from, to] = PACKET.exec(line) ?? []
    if (from === undefined || to === undefined) continue
    const client = to.endsWith(`.${port}`)
    const connection = client ? `${from} ${to}` : `${to} ${from}`
    if (!client && fromClient.get(connection) === true) trips++
    fromClient.set(connection, client)
  }
  return trips
}

/** IPv4 TCP packets of sshds with data: longer than their headers. */
const WITH_DATA = 'tcp port 22 and (ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2)) != 0'

/** Captures on loopback. @returns a function that stops and returns the number of round trips. */
export async function captureTrips(folder: string): Promise<() => Promise<number>> {
  const file = path.join(folder, 'packets.pcap')
  const child = spawn(
    'tcpdump',
    ['-i', 'lo', '-Z', 'root', '-n', '-s', '96', '-B', '65536', '-U', '-w', file, WITH_DATA],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', () => reject(new Error(`tcpdump: ${said}`)))
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('listening on')) resolve()
    })
  })
  return async () => {
    // tcpdump flushes about once per second.
    await new Promise((resolve) => setTimeout(resolve, 1200))
    child.kill('SIGINT')
    await ended
    const dropped = Number(/(\d+) packets? dropped by kernel/.exec(said)?.[1] ?? 0)
    if (dropped > 0) throw new Error(`tcpdump lost ${dropped} packets: the number of round trips is unknown`)
    return countTrips(await output('tcpdump', ['-r', file, '-nn', '-q', '-t']))
  }
}
