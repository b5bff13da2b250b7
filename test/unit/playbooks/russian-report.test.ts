import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { networkOf, parseTasks } from '../../../playbooks/balancer/network.ts'
import { RUSSIAN } from '../../../playbooks/messages/ru.ts'
import type { Chart } from '../../../src/events/chart.ts'
import type { Exhibit, Finding, LogEvent, PlayStart, RunStart } from '../../../src/events/events.ts'
import type { Text } from '../../../src/events/message.ts'
import { withCatalogue } from '../../../src/report/messages/index.ts'
import { ru } from '../../../src/report/messages/ru.ts'
import { textIn, translatedEvents, translatedFinding, translatedLines } from '../../../src/report/translate.ts'
import { latinProse } from '../../support/latin-prose.ts'

/* Recorded runs on a lab, with the texts of their reports only: nothing in them is left in English. */

type Recorded = Exhibit | Finding | LogEvent | PlayStart | RunStart

const JOURNALS = path.join(import.meta.dirname, 'journals')

/** Names of services, nodes and the like that are values of texts. */
function valuesOf(text: Text | undefined): string[] {
  if (text === undefined || typeof text === 'string') return []
  const values = 'table' in text ? text.table.flat() : 'list' in text ? text.list : Object.values(text.values)
  return values.flatMap((value) =>
    typeof value === 'object' ? valuesOf(value) : typeof value === 'string' && !value.includes(' ') ? [value] : [],
  )
}

function textsOfChart(chart: Chart, messages: typeof ru): string[] {
  if (chart.kind === 'timeline')
    return [textIn(chart.title, messages), ...translatedEvents(chart, messages).map(({ label }) => label)]
  if (chart.kind === 'network')
    return [
      chart.title,
      ...chart.rows.flatMap(({ label, boxes }) => [
        label,
        ...boxes.flatMap(({ name, title = name, lines }) => [title, ...lines]),
      ]),
    ].map((text) => textIn(text, messages))
  const { title, x, y, series, marks = [] } = translatedLines(chart, messages)
  return [title, x.label, y.label, ...series.map(({ name }) => name), ...marks.map(({ label }) => label)]
}

/** The texts of a report that an event adds to. */
function textsOf(event: Recorded, messages: typeof ru): string[] {
  if (event.type === 'play_start') return [textIn(event.hypothesis ?? '', messages)]
  if (event.type === 'notice') return [textIn(event.messages?.message ?? '', messages)]
  if (event.type === 'exhibit')
    return [
      textIn(event.messages?.title ?? event.title, messages),
      // Errors of requests are those of the operating system: "3 x connect ECONNREFUSED ...".
      ...[event.messages?.command, event.messages?.stdout].map((text) =>
        textIn(text ?? '', messages).replaceAll(/^ +\d+ x .*$/gm, ''),
      ),
      ...(event.chart === undefined ? [] : textsOfChart(event.chart, messages)),
    ]
  if (event.type !== 'finding') return []
  const { statement, detail = '', measured = [] } = translatedFinding(event, messages)
  return [statement, detail, ...measured.flatMap(({ name, unit }) => [name, unit])]
}

function textsAndNames(file: string, messages: typeof ru): { texts: string[]; names: string[] } {
  const events = readFileSync(path.join(JOURNALS, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded)
  const names = events.flatMap((event) => {
    if (event.type === 'run_start') return [...event.hosts]
    if (event.type === 'play_start') return []
    return Object.values<Text | undefined>(event.messages ?? {}).flatMap((text) => valuesOf(text))
  })
  return { texts: events.flatMap((event) => textsOf(event, messages)), names }
}

for (const file of readdirSync(JOURNALS)) {
  t.test(`${file}: no text of the report is left in English`, (t) => {
    const { texts, names } = textsAndNames(file, withCatalogue(ru, RUSSIAN))
    t.ok(texts.length > 100, `${texts.length} texts`)
    for (const text of new Set(texts)) t.strictSame(latinProse(text, names), [], text)
    t.end()
  })
}

t.test('the network of the balancer: no text is left in English', (t) => {
  const inventory = { groups: { swarm: ['node1'] }, hostvars: () => ({ ansible_host: '10.0.0.1', balancer_port: 81 }) }
  const chart = networkOf(inventory, parseTasks('balancer_app1.1 node1\nbalancer_redis.1 node1\n'))
  const texts = textsOfChart(chart, withCatalogue(ru, RUSSIAN))
  for (const text of ['любой узел', 'порт 8080, не опубликован', '10.0.0.1:81']) t.ok(texts.includes(text), text)
  for (const text of texts) t.strictSame(latinProse(text, ['app1', 'app2']), [], text)
  t.end()
})

t.test('without the catalogue nearly all texts are in English, which the check finds', (t) => {
  const { texts, names } = textsAndNames('prove.jsonl', ru)
  t.ok(texts.filter((text) => latinProse(text, names).length > 0).length > texts.length / 2)
  t.end()
})
