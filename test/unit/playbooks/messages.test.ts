import t from 'tap'
import { RUSSIAN } from '../../../playbooks/messages/ru.ts'
import { joinTexts, say } from '../../../playbooks/messages/say.ts'
import { messageText } from '../../../src/labbook.ts'
import { ru } from '../../../src/report/messages/ru.ts'
import { withCatalogue } from '../../../src/report/messages/index.ts'
import { textIn, translatedEvents, translatedFinding, translatedLines } from '../../../src/report/translate.ts'
import { latinProse } from '../../support/latin-prose.ts'

/** Placeholders of a template, each as often as it is used. */
const placeholders = (template: string): string[] => [...template.matchAll(/\{(\w+)/g)].map(([, name = '']) => name)

/** Names that are the same in Russian. */
const SAME = new Set(['401, WWW-Authenticate: {challenge}', 'everysec: {everysec}; always: {always}; {bound}'])

const russian = withCatalogue(ru, RUSSIAN)

t.test('each translation has the placeholders of its template, and three forms of counted words', (t) => {
  for (const [template, translation] of Object.entries(RUSSIAN)) {
    t.strictSame(new Set(placeholders(translation)), new Set(placeholders(template)), template)
    t.doesNotThrow(() => {
      for (const [, forms = ''] of translation.matchAll(/\{\w+\|([^}]*)\}/g))
        if (forms.split('|').length !== 3) throw new Error(forms)
    }, template)
    if (/[a-z]{3}/.test(template.replace(/\{[^}]*\}/g, '')) && !SAME.has(template))
      t.match(translation, /[а-яё]/i, template)
  }
  t.end()
})

t.test('no translation has words that were left in English', (t) => {
  for (const [template, translation] of Object.entries(RUSSIAN)) t.strictSame(latinProse(translation), [], template)
  t.strictSame(latinProse('Ход событий: node2 loses power, {x}', ['node2']), ['loses', 'power'])
  t.end()
})

t.test('titles, axes, legends and events of exhibits in Russian; names of hosts and tasks stay', (t) => {
  const nodeDown = say('{node} Down', { node: 'node2' })
  t.equal(
    textIn(say('Timeline: {description}', { description: nodeDown }), russian),
    'Ход событий: node2 в состоянии Down',
  )
  t.equal(textIn('Tasks before', russian), 'Задачи в начале', 'a title without values, as in older event logs')
  t.equal(textIn('Nodes until node2 is Down', russian), 'Nodes until node2 is Down', 'one with values stays in English')
  const timeline = { kind: 'timeline', title: 'x', seconds: 1, lanes: ['node2'], bars: [] } as const
  t.same(translatedEvents({ ...timeline, events: [{ at: 1, label: nodeDown }] }, russian), [
    { at: 1, label: 'node2 в состоянии Down' },
  ])
  const chart = translatedLines(
    {
      kind: 'lines',
      title: 'Throughput by load',
      x: { label: 'connections', scale: 'log' },
      y: { label: 'ms' },
      series: [{ name: say('{n|replica|replicas}', { n: 4 }), points: [] }],
      marks: [{ axis: 'x', at: 1, label: 'goal' }],
    },
    russian,
  )
  t.match(chart, {
    title: 'Пропускная способность в зависимости от нагрузки',
    x: { label: 'соединения', scale: 'log' },
    y: { label: 'мс' },
    series: [{ name: '4 реплики' }],
    marks: [{ label: 'цель' }],
  })
  t.end()
})

t.test('a finding in Russian: plurals, decimal points, messages in messages; addresses stay as they are', (t) => {
  const finding = {
    statement: 'Rolling update fails no request',
    detail: 'as text',
    messages: {
      detail: joinTexts(
        [say('{n|replica|replicas}', { n: 3 }), say('{seconds} s', { seconds: '5.1' }), '10.77.0.11', 2.5],
        '; ',
      ),
    },
    measured: [{ name: 'time to update', unit: 's', values: [1] }],
  }
  t.match(translatedFinding(finding, russian), {
    statement: 'Постепенное обновление не вызывает ошибок запросов',
    detail: '3 реплики; 5,1 с; 10.77.0.11; 2,5',
    measured: [{ name: 'время обновления', unit: 'с', values: [1] }],
  })
  t.equal(messageText(finding.messages.detail), '3 replicas; 5.1 s; 10.77.0.11; 2.5')
  t.end()
})

t.test('texts without a translation, such as those of older event logs, stay in English', (t) => {
  const old = { statement: 'Node {x} is gone', detail: '3 of 9 failed' }
  t.match(translatedFinding(old, russian), old)
  t.match(translatedFinding({ ...old, messages: { detail: { id: '{a} of {b}', values: { a: 1 } } } }, russian), {
    detail: '1 of {b}',
  })
  t.end()
})
