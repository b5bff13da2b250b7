import fc from 'fast-check'
import t from 'tap'
import { say } from '../../../../playbooks/messages/say.ts'
import {
  mergeLags,
  staleMoreOften,
  lagQuantile,
  lagChart,
  lagCsv,
  lagMessage,
  parseLags,
  wilsonInterval,
  roundTripMessage,
} from '../../../../playbooks/redis/experiments/support/lags.ts'
import { messageText } from '../../../../src/labbook.ts'

const printed = (lags: readonly number[], late = 0): string =>
  [
    ...lags.map((lag) => `{"lag": ${lag}, "looks": ${lag > 200 ? 3 : 1}, "trip": 120}`),
    ...Array<string>(late).fill('{"late": true, "trip": 90}'),
    '{"ended": true}',
  ].join('\n')

t.test('parseLags() parses the output of the client', async (t) => {
  t.same(parseLags(printed([300, 100])), {
    sorted: [0.1, 0.3],
    late: 0,
    roundTrips: [0.12, 0.12],
    stale: 1,
    complete: true,
  })
  t.match(parseLags('{"lag": 5, "loo'), { sorted: [], complete: false })
})

t.test('late samples count as larger than any other', async (t) => {
  const lags = parseLags(printed([1000, 2000, 3000, 4000], 4))
  t.equal(lagQuantile(lags, 0.5), 4)
  t.ok(Number.isNaN(lagQuantile(lags, 0.9)))
  t.match(messageText(lagMessage(lags)), /p50 4\.00 ms, p90 over 5 s.*4 over 5 s \(8 samples\)/)
  t.match(messageText(lagMessage(parseLags(''))), /over 5 s.*\(0 samples\)/)
})

t.test('lagQuantile() is monotonic and within the samples', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000_000), { minLength: 1, maxLength: 50 }), fc.nat(5), (values, late) => {
      const lags = parseLags(printed(values, late))
      const at = [0.1, 0.5, 0.9, 0.99, 1].map((part) => lagQuantile(lags, part)).filter((ms) => !Number.isNaN(ms))
      return (
        at.every((ms, i) => ms >= (at[i - 1] ?? 0) && lags.sorted.includes(ms)) ||
        at.every((ms, i) => ms >= (at[i - 1] ?? 0) && ms <= Math.max(...lags.sorted))
      )
    }),
  )
})

t.test('lagChart() has one curve per series with samples', async (t) => {
  const series = [
    { name: 'idle', label: say('{server} idle', { server: 'r' }), lags: parseLags(printed([100, 200, 300])) },
    { name: 'never', label: say('never'), lags: parseLags(printed([], 3)) },
  ]
  const chart = lagChart(series)
  t.equal(chart.kind === 'lines' && chart.series.length, 1)
  t.same(chart.kind === 'lines' && chart.series[0]?.points.at(-1), [0.3, 100])
  t.equal(lagCsv(series), 'state,lag_ms\nidle,0.100\nidle,0.200\nidle,0.300\n')
})

t.test('staleMoreOften() compares stale reads, not times', async (t) => {
  const upToDate = (ms: number) =>
    parseLags(printed(Array<number>(400).fill(100)).replaceAll('"lag": 100', `"lag": ${ms * 1000}`))
  t.equal(
    staleMoreOften(upToDate(0.1), upToDate(60)),
    null,
    'no stale read, no verdict: the client may have waited for a CPU',
  )
  const stale = parseLags(printed([...Array<number>(340).fill(100), ...Array<number>(60).fill(300)]))
  t.equal(staleMoreOften(upToDate(0.1), stale), true)
  t.equal(staleMoreOften(stale, upToDate(0.1)), false)
  t.equal(staleMoreOften(parseLags(''), stale), null, 'no samples')
  t.match(mergeLags([stale, parseLags(printed([100], 2))]), { stale: 62, late: 2, complete: true })
  t.equal(messageText(roundTripMessage(parseLags(''))), 'not measured')
})

t.test('wilsonInterval() is the Wilson interval', async (t) => {
  t.same(wilsonInterval(0, 0), [0, 1])
  t.ok(wilsonInterval(0, 800)[1] < 0.005 && wilsonInterval(0, 800)[1] > 0.004, 'no event is not zero probability')
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(1000), (a, b) => {
      const [count, of] = [Math.min(a, b), Math.max(a, b, 1)]
      const [low, high] = wilsonInterval(count, of)
      return low >= 0 && high <= 1 && low <= count / of + 1e-12 && high >= count / of - 1e-12
    }),
  )
})
