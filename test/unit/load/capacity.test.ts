import fc from 'fast-check'
import t from 'tap'
import { kneeOf, nextLoad, type CapacityLimits, type LoadPoint } from '../../../src/load/capacity.ts'

const limits: CapacityLimits = { max: 256, p95: 500 }

/** A server with a fixed number of workers and a fixed service time: further requests queue. */
const server =
  (workers: number, ms: number) =>
  (load: number): LoadPoint => {
    const throughput = (Math.min(load, workers) / ms) * 1000
    return { load, throughput, p95: (load / throughput) * 1000, failed: 0 }
  }

function ramp(measure: (load: number) => LoadPoint, within: CapacityLimits = limits) {
  const points: LoadPoint[] = []
  for (;;) {
    const next = nextLoad(points, within)
    if ('stop' in next) return { points, ...next, knee: kneeOf(points, within) }
    points.push(measure(next.load))
  }
}

t.test('nextLoad() ramps up until throughput is flat, and kneeOf() finds where that began', async (t) => {
  t.match(ramp(server(16, 20)), { stop: 'throughput', knee: { load: 16, capacity: 800, p95: 20, reached: true } })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 20 }), (workers, ms) => {
      const { knee, stop } = ramp(server(workers, ms))
      return (
        stop === 'throughput' &&
        knee !== undefined &&
        Math.abs(knee.capacity / ((workers / ms) * 1000) - 1) < 1e-9 &&
        knee.load < workers * 2 + 1
      )
    }),
  )
})

t.test('nextLoad() stops at a limit, and kneeOf() ignores steps beyond it', async (t) => {
  t.match(
    ramp(server(100, 20), { ...limits, max: 32 }),
    { stop: 'ceiling', knee: { load: 32, reached: false } },
    'still rising',
  )
  const slow = ramp((load) => ({ load, throughput: load * 10, p95: load * 20, failed: 0 }))
  t.match(slow, { stop: 'latency', knee: { load: 16, capacity: 160 } }, '32 connections exceed the latency limit')
  t.match(
    ramp((load) => ({ load, throughput: load * 10, p95: 1, failed: load > 4 ? 0.2 : 0 })),
    { stop: 'failures', knee: { load: 4 } },
  )
  t.match(
    ramp((load) => ({ load, throughput: 0, p95: 0, failed: 1 })),
    { stop: 'failures', knee: undefined },
  )
})

t.test('nextLoad() continues after one flat step', async (t) => {
  const throughputs = new Map([
    [1, 100],
    [2, 190],
    [4, 185],
    [8, 390],
    [16, 400],
    [32, 395],
  ])
  t.match(
    ramp((load) => ({ load, throughput: throughputs.get(load) ?? 0, p95: 10, failed: 0 })),
    { stop: 'throughput', knee: { load: 8, capacity: 400 } },
  )
})
