import t from 'tap'
import { dataFiles } from '../../../src/report/data-files.ts'
import { proportionInterval } from '../../../src/report/proportion-interval.ts'
import { findingStatistics } from '../../../src/report/finding-statistics.ts'
import { REPORT_QUESTIONS } from '../../../playbooks/report-questions.ts'
import { groupByQuestion } from '../../../src/report/questions.ts'
import { en, messagesOf } from '../../../src/report/messages/index.ts'
import { ru } from '../../../src/report/messages/ru.ts'

await t.test('each language has every message, translated', async (t) => {
  const walk = (one: unknown, other: unknown, path: string): void => {
    t.equal(typeof other, typeof one, path)
    if (typeof one === 'object' && one !== null) {
      t.strictSame(Object.keys(other as object).sort(), Object.keys(one).sort(), path)
      for (const key of Object.keys(one))
        walk((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key], `${path}.${key}`)
    } else if (typeof one === 'string' && typeof other === 'string') {
      t.ok(one.trim() !== '' && other.trim() !== '', `${path} is empty`)
      if (!['messages.lang', 'messages.texts.decimalPoint'].includes(path)) t.match(other, /[а-яё]/i, path)
    }
  }
  walk(en, ru, 'messages')
  t.equal(await messagesOf('ru'), ru)
})

await t.test('numbers, times and plurals follow the rules of each language', async (t) => {
  t.equal(en.number(1234567), '1,234,567')
  t.equal(ru.number(1234567), '1\u00a0234\u00a0567')
  t.strictSame([0, 5, 1234.5, 56.72, 1.005, 0.0421, 0.00001, -2.5, 100.4].map(en.measure), [
    '0',
    '5',
    '1,235',
    '56.7',
    '1',
    '0.042',
    '0.0000100',
    '-2.5',
    '100',
  ])
  t.equal(ru.measure(12.34), '12,3')
  t.equal(ru.duration(4200), '4,2 с')
  t.equal(en.moment('2026-11-21T04:30:00.000Z'), '21 November 2026, 04:30:00 UTC')
  t.equal(ru.moment('2026-11-21T04:30:00.000Z'), '21 ноября 2026 г., 04:30:00 UTC')
  t.equal(en.moment('never'), 'unknown time')
  t.strictSame(
    [1, 2, 5, 11, 12, 21, 22, 25, 111, 1002, 2.5].map(ru.phrases.unchangedTasks),
    [
      '1 задача',
      '2 задачи',
      '5 задач',
      '11 задач',
      '12 задач',
      '21 задача',
      '22 задачи',
      '25 задач',
      '111 задач',
      '1\u00a0002 задачи',
      '2,5 задачи',
    ].map((count) => `${count} без изменений`),
  )
})

await t.test('confidence interval of a proportion matches published values', async (t) => {
  const cases: [held: number, of: number, low: number, high: number][] = [
    [5, 5, 0.4782, 1],
    [0, 5, 0, 0.5218],
    [9, 10, 0.555, 0.9975],
    [1, 10, 0.0025, 0.445],
    [50, 100, 0.3983, 0.6017],
    [1, 1, 0.025, 1],
    [3, 3, 0.2924, 1],
    [990, 1000, 0.9817, 0.9952],
  ]
  for (const [held, of, low, high] of cases) {
    const interval = proportionInterval(held, of)
    t.ok(
      Math.abs(interval[0] - low) < 0.0001 && Math.abs(interval[1] - high) < 0.0001,
      `${held} of ${of}: ${interval.join(' to ')}`,
    )
  }
})

await t.test('finding statistics: how often it held, and what was measured', async (t) => {
  const textOf = (held: number, failed: number, unknown: number) =>
    findingStatistics({ times: { held, failed, unknown } }, en)
  t.strictSame(textOf(5, 0, 0), ['held 5 of 5 times; 95 % confidence interval: at least 48 %'])
  t.strictSame(textOf(0, 5, 0), ['held 0 of 5 times; 95 % confidence interval: at most 52 %'])
  t.strictSame(textOf(3, 1, 1), ['held 3 of 4 times; 95 % confidence interval: 19 to 99 %; 1 inconclusive'])
  t.strictSame(textOf(0, 0, 2), ['inconclusive every time'])
  const numbers = (unit: string, ...values: number[]) =>
    findingStatistics({ measured: [{ name: 'time to Down', unit, values }] }, en)
  t.strictSame(numbers('s', 8.1, 12.25, 7.7), ['time to Down: median 8.1 s, 7.7 to 12.3 s (n = 3)'])
  t.strictSame(numbers('', 4), ['time to Down: 4'])
  t.strictSame(numbers('s', Number.NaN), [])
  t.strictSame(findingStatistics({}, en), [])
})

await t.test('a finding answers the one question with the longest id prefix', async (t) => {
  const ids = [
    'registry.tls.verified',
    'registry.storage.survives',
    'swarm.node-killed.recovers',
    'swarm.nodes.ready',
    'swarm.active.does-not-return',
    'swarm.drain.evacuates',
    'else.thing',
  ]
  t.strictSame(
    groupByQuestion(
      ids.map((id) => ({ id })),
      REPORT_QUESTIONS,
      'en',
    ).map(({ question, answers }) => [question, ...answers.map(({ id }) => id)]),
    [
      ['Do images survive the removal of the registry container?', 'registry.storage.survives'],
      ['Can every node push and pull over HTTPS?', 'registry.tls.verified'],
      ['Are all nodes ready members of the Swarm?', 'swarm.nodes.ready'],
      ['Do the tasks of a drained node move to other nodes?', 'swarm.drain.evacuates'],
      ['Do tasks return to a node that is active again?', 'swarm.active.does-not-return'],
      ['Does the service survive the loss of a node without intervention?', 'swarm.node-killed.recovers'],
    ],
  )
  t.strictSame(groupByQuestion([], REPORT_QUESTIONS, 'en'), [])
  t.strictSame(groupByQuestion([{ id: 'a.b' }], [], 'en'), [], 'an event log of an older version')
  t.match(
    groupByQuestion([{ id: 'a.b' }], [{ text: { en: 'Why?' }, answeredBy: ['a.'] }], 'ru'),
    [{ question: 'Why?', answers: [{ id: 'a.b' }] }],
    'a question without a translation',
  )
})

await t.test('names of data files are unique and valid on any file system', async (t) => {
  const names = (...names: string[]) =>
    dataFiles({ data: names.map((name) => ({ name, text: 'x' })) }, 'e-1').map(({ file }) => file)
  t.strictSame(names('requests.csv', '../../etc/passwd', 'Requests.csv', '', 'a b/c'), [
    'data/e-1-requests.csv',
    'data/e-1-etc-passwd',
    'data/e-1-2-Requests.csv',
    'data/e-1-data.txt',
    'data/e-1-a-b-c',
  ])
})
