import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { median } from 'simple-statistics'
import { runLoad, type LoadResult, type PlanInput } from '../../src/load/index.ts'
import { tableLines } from '../../src/text/table.ts'
import { output } from '../world/command.ts'
import { PROJECT } from '../world/places.ts'

/*
 * Compares the load generator with others, against a server of known latency and against a fast one: `npx tsx
 * bench/scale/load.ts`. Needs Debian's packages `hey` and `wrk`. Exits with 1 if medians differ too much.
 */

const LATENCY_MS = 20
const CONNECTIONS = 8
const SECONDS = 5
/** Open loads, well below capacity, to compare latencies. */
const RATE = 200
/** Tolerance of medians, in milliseconds. */
const TOLERANCE_MS = 5

/** Times that each tool runs against the fast server, in turn; the median counts. */
const ROUNDS = 5

interface Row {
  readonly tool: string
  readonly requests: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

/** Starts a server that answers after so many milliseconds. */
async function startServer(latency: number) {
  const child = spawn(
    process.execPath,
    [path.join(PROJECT, 'test/unit/load/programs/server.mjs'), JSON.stringify({ latency })],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const target = { host: '127.0.0.1', port: Number(line.toString()) }
  return { target, url: `http://${target.host}:${target.port}/`, stop: () => child.stdin.end() }
}

type Server = Awaited<ReturnType<typeof startServer>>

const ours = async ({ target }: Server, tool: string, plan: Partial<PlanInput>): Promise<Row> =>
  rowOf(tool, await runLoad({ seconds: SECONDS, targets: [target], kinds: [{ path: '/' }], ...plan } as PlanInput))

const rowOf = (tool: string, { total, throughput }: LoadResult): Row => ({
  tool,
  requests: total.requests,
  perSecond: throughput,
  p50: total.latency.percentiles['50'] ?? 0,
  p99: total.latency.percentiles['99'] ?? 0,
})

/** Parses `hey`'s summary. Its rate limit is per worker. */
async function hey({ url }: Server, tool: string, rate?: number): Promise<Row> {
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

async function wrk({ url }: Server): Promise<Row> {
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

async function autocannon({ url }: Server): Promise<Row> {
  const program = path.join(PROJECT, 'node_modules/autocannon/autocannon.js')
  const text = await output(process.execPath, [program, '-c', String(CONNECTIONS), '-d', String(SECONDS), '-j', url])
  const { requests, latency } = JSON.parse(text) as {
    readonly requests: { readonly total: number; readonly average: number }
    readonly latency: { readonly p50: number; readonly p99: number }
  }
  return {
    tool: 'autocannon',
    requests: requests.total,
    perSecond: requests.average,
    p50: latency.p50,
    p99: latency.p99,
  }
}

const TICKS_PER_SECOND = 100
/** CPU seconds of all child processes that have ended: user and system. */
function childCpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND
}

/** CPU milliseconds per 1000 requests, with the start of the program. */
async function cost(run: () => Promise<Row>): Promise<{ tool: string; perThousand: number; perSecond: number }> {
  const before = childCpuSeconds()
  const { tool, requests, perSecond } = await run()
  return { tool, perSecond, perThousand: ((childCpuSeconds() - before) * 1e6) / requests }
}

async function compareLatencies(server: Server): Promise<boolean> {
  const rows = [
    await ours(server, 'Labbook, closed', { way: 'closed', connections: CONNECTIONS }),
    await hey(server, 'hey'),
    await wrk(server),
    await ours(server, `Labbook, open, ${RATE}/s`, { way: 'open', rate: RATE }),
    await hey(server, `hey, ${RATE}/s`, RATE),
  ]
  print([
    ['TOOL', 'REQUESTS', 'PER S', 'P50 MS', 'P99 MS'],
    ...rows.map(({ tool, requests, perSecond, p50, p99 }) => [
      tool,
      requests,
      perSecond.toFixed(1),
      p50.toFixed(1),
      p99.toFixed(1),
    ]),
  ])
  const medians = rows.map(({ p50 }) => p50)
  const apart = Math.max(...medians) - Math.min(...medians)
  const agree = apart <= TOLERANCE_MS
  process.stdout.write(
    `medians differ by ${apart.toFixed(1)} ms: ${agree ? 'within tolerance' : `more than ${TOLERANCE_MS} ms`}\n\n`,
  )
  return agree
}

async function compareCosts(server: Server): Promise<void> {
  const tools = [
    () => ours(server, 'Labbook, closed', { way: 'closed', connections: CONNECTIONS }),
    () => ours(server, 'Labbook, users', { way: 'users', users: CONNECTIONS, think: [0, 0.0001] }),
    () => autocannon(server),
    () => hey(server, 'hey'),
    () => wrk(server),
  ]
  const runs: Awaited<ReturnType<typeof cost>>[] = []
  for (let round = 0; round < ROUNDS; round++) for (const tool of tools) runs.push(await cost(tool))
  const of = (wanted: string, what: 'perThousand' | 'perSecond'): number =>
    median(runs.filter(({ tool }) => tool === wanted).map((run) => run[what]))
  const base = of('Labbook, closed', 'perThousand')
  print([
    ['TOOL', 'CPU MS PER 1000', 'RATIO', 'PER S'],
    ...[...new Set(runs.map(({ tool }) => tool))].map((tool) => [
      tool,
      of(tool, 'perThousand').toFixed(0),
      (of(tool, 'perThousand') / base).toFixed(2),
      of(tool, 'perSecond').toFixed(0),
    ]),
  ])
}

const print = (rows: readonly (readonly (string | number)[])[]): void => {
  process.stdout.write(`${tableLines(rows, { align: ['left', 'right'] }).join('\n')}\n`)
}

const [slow, fast] = [await startServer(LATENCY_MS), await startServer(0)]
try {
  if (!(await compareLatencies(slow))) process.exitCode = 1
  await compareCosts(fast)
} finally {
  slow.stop()
  fast.stop()
}
