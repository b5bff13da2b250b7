import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Finding, RunEvent } from '../../../src/events/events.ts'
import { renderReport } from '../../../src/report/index.ts'
import { answerOf } from '../../../src/report/questions.ts'
import { exhibit, result, runStart } from '../evidence/events.ts'
import { journalOf, richRun } from './rich-run.ts'

function runIn(directory: string, events: Iterable<RunEvent>): string {
  mkdirSync(directory, { recursive: true })
  writeFileSync(path.join(directory, 'events.jsonl'), journalOf(events))
  return directory
}

const read = (...parts: string[]): string => readFileSync(path.join(...parts), 'utf8')

async function richReport(t: Test): Promise<string> {
  const folder = runIn(t.testdir(), richRun())
  const { html } = await renderReport(folder)
  return read(html)
}

const finding = (id: string, more: Partial<Finding> = {}): Finding => ({
  type: 'finding',
  time: '2026-11-21T04:30:00.000Z',
  id,
  experiment: 'Load',
  statement: `statement of ${id}`,
  holds: true,
  evidence: [],
  ...more,
})

await t.test('a question is answered by Yes, No or Inconclusive', (t) => {
  const section = { en: 'Section' }
  const answers = (...holds: (boolean | null)[]) => holds.map((one) => ({ holds: one }))
  t.equal(answerOf({ section }, answers(true, true)), true)
  t.equal(answerOf({ section }, answers(true, false, null)), false)
  t.equal(answerOf({ section }, answers(true, null)), null)
  t.equal(answerOf({ section, negated: true }, answers(true)), false)
  t.equal(answerOf({ section, negated: true }, answers(false)), true)
  t.equal(answerOf({ section, negated: true }, answers(null)), null)
  t.equal(answerOf({}, answers(true)), undefined, 'a question of an older version')
  t.end()
})

await t.test('sections have answers, findings with links to the evidence, and pictures', async (t) => {
  const page = await richReport(t)
  t.match(page, /<h2>Load test &lt;i&gt;<\/h2>/)
  t.match(page, /answer-line yes"><strong>Yes\.<\/strong> Four replicas serve more than one: 620 against/)
  t.match(page, /Do replicas come back\?<\/h3>\s*<p class="answer-line no"><strong>No\.<\/strong>/)
  t.match(page, /Does the service survive\?<\/h3>\s*<p class="answer-line no"><strong>No\.<\/strong>/)
  t.match(page, 'href="evidence.html#finding-load.capacity.grows"')
  t.match(page, 'href="evidence.html#exhibit-capacity-1"')
  t.equal(page.split('class="chart"').length - 1, 2, 'the charts of two questions')
  t.notMatch(page, 'Write a file', 'tasks are in the evidence')
})

await t.test('key results, other findings, conclusion, limits and references', async (t) => {
  const page = await richReport(t)
  t.match(page, /<span class="value">2<\/span> <span class="label">times as much<\/span>/)
  t.match(page, /Other findings<\/h2>[^]*Something that answers no question/)
  t.match(page, '3 of 3 questions have a conclusive answer. Yes 1, No 2, Inconclusive 0.')
  t.match(page, 'Inconclusive (other.thing): no IPVS.')
  t.match(page, 'Not covered, as no run of this report has findings on it: Stack.')
  t.match(page, 'but no run recorded: gone-1.')
  t.match(page, 'Scaling &lt;u&gt;: <a href="https://example.org/scaling">')
  t.notMatch(page, 'javascript:')
})

await t.test('headline has the numbers of the conclusion', async (t) => {
  t.match(
    await richReport(t),
    '<li>3 of 3 questions answered</li><li>2 of 5 findings hold, 2 do not, 1 inconclusive</li>',
  )
})

const FACTS = (address: string) =>
  `os_id debian\nboot_id same\nroute 8.8.8.8 via 10.0.0.1 dev eth0 src ${address} uid 0\n`
const NODES = `ID     HOSTNAME   STATUS    AVAILABILITY   MANAGER STATUS   ENGINE VERSION
a *    node1      Ready     Active         Leader           20.10.24
b      node2      Ready     Active                          20.10.24
`

function* cluster(): Generator<RunEvent> {
  yield runStart(['node1', 'node2', 'localhost'])
  for (const [host, address] of [
    ['node1', '10.0.0.11'],
    ['node2', '10.0.0.12'],
  ] as const)
    yield result(host, 'ok', {
      module: 'setup',
      commands: [{ kind: 'probe', script: '', stdout: FACTS(address), stderr: '', exitCode: 0, durationMs: 1 }],
    })
  yield exhibit({ id: 'swarm-nodes', command: 'docker node ls', stdout: NODES })
  yield exhibit({
    id: 'running',
    command: "docker service ps counter_counter --filter desired-state=running --format '{{.Name}} {{.Node}}'",
    stdout: 'counter_counter.1 node1\ncounter_counter.2 node2\ncounter_counter.3 node2\n',
  })
  yield exhibit({
    id: 'later',
    command: "docker service ps counter_counter --filter desired-state=running --format '{{.Name}} {{.Node}}'",
    stdout: 'counter_counter.1 node1\n',
  })
  yield exhibit({
    id: 'services',
    command: 'docker stack services counter',
    stdout: 'NAME              MODE         PORTS\ncounter_counter   replicated   *:8080->8080/tcp\n',
  })
  yield exhibit({ id: 'push', command: 'docker push 10.0.0.11:5000/counter' })
  yield exhibit({ id: 'get', host: 'controller', command: 'GET /api, 80 times, over http://10.0.0.12:8080' })
}

await t.test('topology and default title come from hosts, facts and exhibits', async (t) => {
  const folder = runIn(t.testdir(), cluster())
  await renderReport(folder)
  const page = read(folder, 'report.html')
  t.match(page, /<h1>Counter application on a two-node Docker Swarm /)
  const description = /<desc id="desc-topology">([^<]*)/.exec(page)?.[1]
  t.equal(
    description,
    'node1: manager (Leader), registry, port 5000, 1 × counter_counter. node2: worker, 2 × counter_counter.',
  )
  for (const text of [
    '10.0.0.0/24',
    'counter_counter *:8080-&gt;8080/tcp',
    'port 8080',
    'node1, node2 are containers of one machine',
  ])
    t.match(page, text)
})

await t.test('a run without a cluster has the title of its playbook, and no topology', async (t) => {
  const folder = runIn(t.testdir(), [runStart(['node1'])])
  await renderReport(folder)
  t.match(read(folder, 'report.html'), '<h1>site ')
  t.notMatch(read(folder, 'report.html'), 'id="topology"')
})

await t.test('questions of the caller are asked of event logs whose questions have no sections', async (t) => {
  const questions = [{ text: { en: 'Asked now?' }, answeredBy: ['a.'], section: { en: 'Section' } }]
  const old = runIn(path.join(t.testdir(), 'old'), [
    runStart(['node1'], { questions: [{ text: { en: 'Asked then?' }, answeredBy: ['a.'] }] }),
    finding('a.b'),
  ])
  await renderReport(old, undefined, { questions })
  t.match(read(old, 'report.html'), 'Asked now?')
  await renderReport(old)
  t.match(read(old, 'report.html'), /Asked then\?<\/h3>\s*<p class="answer-line holds"><strong>Holds\.<\/strong>/)
})

await t.test('several runs make one report: the newest finding of an id wins, with its own exhibits', async (t) => {
  const root = t.testdir()
  const at = (time: string, events: RunEvent[]): RunEvent[] => events.map((event) => ({ ...event, time }))
  const older = runIn(
    path.join(root, 'older'),
    at('2026-11-20T00:00:00.000Z', [
      runStart(['node1']),
      exhibit({ id: 'same', stdout: 'output of the older run' }),
      exhibit({ id: 'only', stdout: 'only in the older run' }),
      finding('a.changes', { holds: false, evidence: ['same'], detail: 'older' }),
      finding('a.stays', { evidence: ['only'] }),
    ]),
  )
  const newer = runIn(
    path.join(root, 'newer'),
    at('2026-11-21T00:00:00.000Z', [
      runStart(['node1', 'node2']),
      exhibit({ id: 'same', stdout: 'output of the newer run' }),
      finding('a.changes', { evidence: ['same'], detail: 'newer' }),
    ]),
  )
  const combined = path.join(root, 'combined')
  mkdirSync(combined)
  await renderReport(combined, undefined, { runs: [newer, older] })
  const page = read(combined, 'report.html')
  t.match(page, '<li>2 of 2 findings hold</li>')
  t.match(page, /id="runs"[^]*older[^]*newer/)
  t.match(page, '1 older finding replaced')
  t.notMatch(page, ': <span class="number">older</span>')
  t.match(page, '<footer>Rendered by Labbook from the event logs of these runs.</footer>')
  t.notMatch(page, '<dt>Command line</dt>', 'each run has its own, in the table of runs')
  const evidence = read(combined, 'evidence.html')
  const article = /id="finding-a\.changes"[^]*?<\/article>/.exec(evidence)?.[0] ?? ''
  t.match(article, 'output of the newer run')
  t.notMatch(article, 'output of the older run')
  t.match(evidence, 'only in the older run')
})

await t.test('an exhibit beyond the limit is not called missing', async (t) => {
  const folder = runIn(t.testdir(), [
    runStart(['node1']),
    ...Array.from({ length: 501 }, (_, i) => exhibit({ id: `e${i}`, stdout: '' })),
    finding('a.is', { evidence: ['e500', 'never-was'] }),
  ])
  await renderReport(folder)
  t.match(read(folder, 'report.html'), 'no run recorded: never-was.')
})

await t.test(
  'pictures stand beside a short answer, with findings around them, as a pair, or below if wide',
  async (t) => {
    const question = (id: string, pictures: string[]) => ({
      text: { en: `${id}?` },
      answeredBy: [`${id}.`],
      section: { en: 'Section' },
      pictures,
    })
    const wide = Array.from({ length: 20 }, () => `a  ${'x'.repeat(90)}`).join('\n')
    const directory = runIn(t.testdir(), [
      runStart(['node1'], {
        questions: [
          question('one', ['narrow-1']),
          question('several', ['narrow-2']),
          question('two', ['narrow-3', 'narrow-4']),
          question('wide', ['wide']),
          question('none', ['missing']),
        ],
      }),
      ...[1, 2, 3, 4].map((n) => exhibit({ id: `narrow-${n}`, stdout: 'a short line' })),
      exhibit({ id: 'wide', stdout: wide }),
      finding('one.a', { evidence: ['narrow-1'] }),
      finding('several.a', { holds: null, detail: 'no kernel module', evidence: ['narrow-2'] }),
      finding('several.b', { holds: null, detail: 'no kernel module', evidence: ['narrow-2'] }),
      finding('two.a', { evidence: ['narrow-3', 'narrow-4'] }),
      finding('wide.a', { evidence: ['wide'] }),
      finding('none.a', { evidence: [] }),
    ])
    await renderReport(directory)
    const page = read(directory, 'report.html')
    t.strictSame(
      [...page.matchAll(/<article class="question (\w+)"/g)].map(([, layout]) => layout),
      ['beside', 'around', 'pair', 'below', 'below'],
    )
    t.match(page, '0 of 2 findings hold, 2 inconclusive: no kernel module.', 'a shared detail stands once')
    t.notMatch(page, '<span class="number">no kernel module')
  },
)
