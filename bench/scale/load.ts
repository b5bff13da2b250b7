import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { runLoad, type LoadResult, type PlanInput } from '../../src/load/index.ts'
import { tableLines } from '../../src/text/table.ts'
import { output } from '../world/command.ts'
import { PROJECT } from '../world/places.ts'

/*
 * Compares the load generator with others against a server of known latency: `npx tsx bench/scale/load.ts`. Needs
 * Debian's packages `hey` and `wrk`. Exits with 1 if medians differ too much.
 */

const LATENCY_MS = 20
const CONNECTIONS = 8
const SECONDS = 5
/** Open loads, well below capacity, to compare latencies. */
const RATE = 200
/** Tolerance of medians, in milliseconds. */
const TOLERANCE_MS = 5

interface Row {
  readonly tool: string
  readonly requests: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

const server = spawn(
  process.execPath,
  [path.join(PROJECT, 'test/unit/load/programs/server.mjs'), JSON.stringify({ latency: LATENCY_MS })],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
  },
)
const [line] = (await once(server.stdout, 'data')) as [Buffer]
const target = { host: '127.0.0.1', port: Number(line.toString()) }
const url = `http://${target.host}:${target.port}/`

const ours = async (tool: string, plan: Partial<PlanInput>): Promise<Row> =>
  rowOf(tool, await runLoad({ seconds: SECONDS, targets: [target], kinds: [{ path: '/' }], ...plan } as PlanInput))

const rowOf = (tool: string, { total, throughput }: LoadResult): Row => ({
  tool,
  requests: total.requests,
  perSecond: throughput,
  p50: total.latency.percentiles['50'] ?? 0,
  p99: total.latency.percentiles['99'] ?? 0,
})

/** Parses `hey`'s summary. Its rate limit is per worker. */
async function hey(tool: string, rate?: number): Promise<Row> {
  const options = [
    '-z',
    `${SECONDS}s`,
    '-c',
    String(CONNECTIONS),
    ...(rate === undefined ? [] : ['-q', String(rate / CONNECTIONS)]),
  ]
  const text = await output('hey', [...options, url])
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN)
  return {
    tool,
    requests: number(/\[200\]\s+(\d+) responses/),
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p50: number(/50%+ in ([\d.]+) secs/) * 1000,
    p99: number(/99%+ in ([\d.]+) secs/) * 1000,
  }
}

async function wrk(): Promise<Row> {
  const text = await output('wrk', ['-t', '1', '-c', String(CONNECTIONS), '-d', `${SECONDS}s`, '--latency', url])
  const ms = (percent: number): number => {
    const [, value = 'NaN', unit] = new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s)`, 'm').exec(text) ?? []
    return Number(value) * (unit === 'us' ? 0.001 : unit === 's' ? 1000 : 1)
  }
  return {
    tool: 'wrk',
    requests: Number(/(\d+) requests in/.exec(text)?.[1] ?? Number.NaN),
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? Number.NaN),
    p50: ms(50),
    p99: ms(99),
  }
}

try {
  const rows = [
    await ours('Labbook, closed', { way: 'closed', connections: CONNECTIONS }),
    await hey('hey'),
    await wrk(),
    await ours(`Labbook, open, ${RATE}/s`, { way: 'open', rate: RATE }),
    await hey(`hey, ${RATE}/s`, RATE),
  ]
  process.stdout.write(
    `${tableLines(
      [
        ['TOOL', 'REQUESTS', 'PER S', 'P50 MS', 'P99 MS'],
        ...rows.map(({ tool, requests, perSecond, p50, p99 }) => [
          tool,
          requests,
          perSecond.toFixed(1),
          p50.toFixed(1),
          p99.toFixed(1),
        ]),
      ],
      { align: ['left', 'right'] },
    ).join('\n')}\n`,
  )
  const medians = rows.map(({ p50 }) => p50)
  const apart = Math.max(...medians) - Math.min(...medians)
  const agree = apart <= TOLERANCE_MS
  process.stdout.write(
    `medians differ by ${apart.toFixed(1)} ms: ${agree ? 'within tolerance' : `more than ${TOLERANCE_MS} ms`}\n`,
  )
  if (!agree) process.exitCode = 1
} finally {
  server.stdin.end()
}
