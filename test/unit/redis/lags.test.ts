import fc from 'fast-check'
import t from 'tap'
import { lagAt, lagChart, lagCsv, lagText, readLags } from '../../../playbooks/swarm/redis/experiments/support/lags.ts'

const printed = (lags: readonly number[], late = 0): string =>
  ['{"round_trip": 120}', ...lags.map((lag) => `{"lag": ${lag}, "looks": ${lag > 200 ? 3 : 1}}`), ...Array<string>(late).fill('{"late": true}'), '{"ended": true}'].join('\n')

t.test('what the client prints', async (t) => {
  t.same(readLags(printed([300, 100])), { sorted: [0.1, 0.3], late: 0, roundTrip: 0.12, atOnce: 1, whole: true })
  t.match(readLags('{"round_trip": 120}\n{"lag": 5, "loo'), { sorted: [], whole: false })
})

t.test('samples that were late are later than any', async (t) => {
  const lags = readLags(printed([1000, 2000, 3000, 4000], 4))
  t.equal(lagAt(lags, 0.5), 4)
  t.ok(Number.isNaN(lagAt(lags, 0.9)))
  t.match(lagText(lags), /p50 4\.00 ms, p90 over 5 s.*4 later than 5 s \(8 samples\)/)
  t.match(lagText(readLags('')), /over 5 s.*\(0 samples\)/)
})

t.test('quantiles grow and lie among what was seen', async () => {
  fc.assert(fc.property(fc.array(fc.nat(5_000_000), { minLength: 1, maxLength: 50 }), fc.nat(5), (values, late) => {
    const lags = readLags(printed(values, late))
    const at = [0.1, 0.5, 0.9, 0.99, 1].map((part) => lagAt(lags, part)).filter((ms) => !Number.isNaN(ms))
    return at.every((ms, i) => ms >= (at[i - 1] ?? 0) && lags.sorted.includes(ms)) || at.every((ms, i) => ms >= (at[i - 1] ?? 0) && ms <= Math.max(...lags.sorted))
  }))
})

t.test('a curve for each state that was seen', async (t) => {
  const states = [{ name: 'idle', lags: readLags(printed([100, 200, 300])) }, { name: 'never', lags: readLags(printed([], 3)) }]
  const chart = lagChart(states)
  t.equal(chart.kind === 'lines' && chart.series.length, 1)
  t.same(chart.kind === 'lines' && chart.series[0]?.points.at(-1), [0.3, 100])
  t.equal(lagCsv(states), 'state,lag_ms\nidle,0.100\nidle,0.200\nidle,0.300\n')
})
