import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import {
  isFound,
  meetsGoal,
  nextRate,
  type RateFound,
  type RateGoal,
  type RatePoint,
  runLoad,
} from '../../src/load/index.ts'
import { tableLines } from '../../src/text/table.ts'

/*
 * Compares the highest rate within a latency goal with that of vegeta, an open-loop load generator: `npx tsx
 * bench/scale/rate-goal.ts`. Both search the same server in the same steps, in turn. Needs `vegeta` on PATH. Exits with
 * 1 if the rates differ by more than 5 %.
 */

const GOALS_MS = [60, 120]
const SECONDS = 6
const FIRST_RATE = 40
const MOST_RATE = 400
/** Relative. */
const TOLERANCE = 0.05

interface Target {
  readonly host: string
  readonly port: number
}
type Attack = (target: Target, rate: number) => Promise<RatePoint>

const ours: Attack = async (target, rate) => {
  const { total } = await runLoad({
    way: 'open',
    rate,
    warmup: 1,
    seconds: SECONDS,
    targets: [target],
    kinds: [{ path: '/' }],
  })
  return { rate, p99: total.latency.percentiles['99'] ?? 0, failed: total.failures / Math.max(1, total.requests) }
}

/** `vegeta attack` and `vegeta report`, which prints nanoseconds. */
const vegeta: Attack = async ({ host, port }, rate) => {
  const attack = spawn('vegeta', ['attack', `-rate=${Math.round(rate * 1000)}/1000s`, `-duration=${SECONDS}s`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const report = spawn('vegeta', ['report', '-type=json'], { stdio: [attack.stdout, 'pipe', 'inherit'] })
  attack.stdin.end(`GET http://${host}:${port}/\n`)
  const { latencies, success } = JSON.parse(await text(report.stdout)) as {
    readonly latencies: { readonly '99th': number }
    readonly success: number
  }
  return { rate, p99: latencies['99th'] / 1e6, failed: 1 - success }
}

async function search(attack: Attack, goal: RateGoal): Promise<RateFound & { readonly points: readonly RatePoint[] }> {
  const server = spawn(process.execPath, [path.join(import.meta.dirname, 'queue-server.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer]
    const target = { host: '127.0.0.1', port: Number(line.toString()) }
    const points: RatePoint[] = []
    let next = nextRate(points, goal)
    while (!isFound(next)) {
      points.push(await attack(target, next.rate))
      next = nextRate(points, goal)
    }
    return { ...next, points }
  } finally {
    server.stdin.end()
  }
}

const rows: (readonly (string | number)[])[] = [['GOAL: P99 MS', 'TOOL', 'HIGHEST RATE/S', 'P99 MS THERE', 'TRIALS']]
let worst = 0
for (const goalMs of GOALS_MS) {
  const goal: RateGoal = { first: FIRST_RATE, goalMs, max: MOST_RATE, precision: TOLERANCE / 2 }
  const found: number[] = []
  for (const [tool, attack] of [
    ['Labbook', ours],
    ['vegeta', vegeta],
  ] as const) {
    const { rate = 0, points } = await search(attack, goal)
    found.push(rate)
    const there = points
      .filter((point) => point.rate === rate && meetsGoal(point, goal))
      .map(({ p99 }) => p99.toFixed(0))
    rows.push([goalMs, tool, rate, there.join(' and '), points.length])
  }
  worst = Math.max(worst, Math.max(...found) / Math.min(...found) - 1)
}
process.stdout.write(`${tableLines(rows, { align: ['right', 'left', 'right'] }).join('\n')}\n`)
process.stdout.write(`rates differ by ${(worst * 100).toFixed(1)} % at most\n`)
if (!(worst <= TOLERANCE)) process.exitCode = 1
