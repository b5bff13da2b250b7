import t from 'tap'
import { bottleneckOf, bottleneckText, type CpuUsage } from '../../../../playbooks/load/bottleneck.ts'
import { RUSSIAN } from '../../../../playbooks/messages/ru.ts'
import { messageText, type Message } from '../../../../src/events/message.ts'
import { replicaBudget } from '../../../../src/load/budget.ts'
import { generatorLimit } from '../../../../src/load/meter.ts'
import { fitLaw } from '../../../../src/load/scaling.ts'
import { compare } from '../../../../src/load/statistics.ts'
import { analyzeUsers } from '../../../../src/load/users.ts'
import { shareIssues } from '../../../../src/load/validity.ts'
import { withCatalogue } from '../../../../src/report/messages/index.ts'
import { ru } from '../../../../src/report/messages/ru.ts'
import { textIn } from '../../../../src/report/translate.ts'
import { latinProse } from '../../../support/latin-prose.ts'

/* Each reason why a load test is inconclusive, as the measurements make it, in Russian. */

const russian = withCatalogue(ru, RUSSIAN)

const container: CpuUsage = {
  kind: 'container',
  name: 'web.1',
  service: 'web',
  cores: 0.48,
  limit: 0.5,
  throttled: 0.7,
}
const machine: CpuUsage = { kind: 'machine', name: 'node1', cores: 1.97, limit: 2 }
const node: CpuUsage = { ...machine, kind: 'node' }
const idle = { cores: 0.1, busy: 0.1, delay: { p50: 0, p99: 0, max: 0 } }
const latency = { min: 3, mean: 3, max: 3, percentiles: {} }
const figures = { method: '', name: '', meanBytes: 0, latency }

const bottlenecks = [
  [container],
  [machine],
  [node],
  [container, machine],
  [{ ...container, cores: 0.2, throttled: 0 }],
  [],
].map((uses) => bottleneckText(bottleneckOf(uses, undefined)))

const limits = [
  generatorLimit({ ...idle, cores: 0.97 }),
  generatorLimit({ ...idle, busy: 0.97 }),
  generatorLimit({ ...idle, delay: { p50: 0, p99: 102, max: 200 } }),
  generatorLimit(idle, 115),
].flatMap((limit) => (limit === undefined ? [] : [limit, bottleneckText(bottleneckOf([container], limit))]))

const trials = (values: readonly number[], issues: readonly Message[] = []) =>
  values.map((value) => ({ value, issues }))
const steady = [100, 101, 99, 100, 102]
const shared = [...shareIssues({ a: 9 }, 4, 0.5), ...shareIssues({ a: 90, b: 10 }, 2, 0.5)]
const comparisons = [
  compare(trials([1]), trials(steady)),
  compare(trials(steady), trials([0, 1, 1])),
  compare(trials([50, 150, 100]), trials([70, 170, 120]), { looks: 3 }),
  compare(trials(steady), trials(steady)),
  compare(trials(steady), trials([400, 401, 402])),
  compare(trials([400, 401, 402]), trials(steady)),
  compare(trials(steady), trials(steady, shared)),
].map(({ why }) => why)

const users = [
  [790, 0],
  [300, 0],
  [790, 80],
  [79, 0],
].map(([requests = 0, failures = 0]) => {
  const total = { ...figures, requests, failures }
  return analyzeUsers({ users: 30, think: [0.25, 0.5] }, { seconds: 10, total }, undefined).why
})

const budgets = [0.7, 1.9].flatMap((busyAtRest) =>
  [true, false].flatMap((generatorApart): Message[] => {
    const costs = { replica: 0.004, generator: 0.0004, others: 0.0006 }
    const budget = replicaBudget({ cores: 2, busyAtRest, generatorApart }, costs, 8, 0.5)
    return 'limit' in budget ? [budget.why] : [budget.undecidable, budget.remedy]
  }),
)

const fits = [
  [1, 4],
  [1, 2, 4, 8],
].flatMap((counts) =>
  [0, 500].flatMap((spread) => {
    const points = counts.map((replicas, at) => ({ replicas, throughput: spread * (at % 2 === 0 ? 1 : 9) }))
    return fitLaw(points, 'usl').cannotTell ?? []
  }),
)

t.test('no reason is left in English, and each differs from the English one', (t) => {
  const reasons = [...bottlenecks, ...limits, ...shared, ...comparisons, ...users, ...budgets, ...fits]
  t.ok(reasons.length > 30, `${reasons.length} reasons`)
  for (const reason of reasons) {
    t.strictSame(latinProse(textIn(reason, russian), ['web']), [], messageText(reason))
    t.match(textIn(reason, russian), /[а-яё]/, messageText(reason))
    t.ok(latinProse(textIn(reason, ru), ['web']).length > 0, 'without the catalogue it is in English')
  }
  t.end()
})
