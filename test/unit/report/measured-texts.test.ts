import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { messageText } from '../../../src/events/message.ts'
import { renderReport } from '../../../src/report/index.ts'
import { MachineFold } from '../../../src/report/machines.ts'
import { TopologyFold } from '../../../src/report/topology.ts'
import { exhibit, notice, runStart } from '../evidence/events.ts'
import { journalOf } from './rich-run.ts'

/* Texts that Labbook wrote about measurements, and facts about machines. */

const TIME = '2026-11-21T04:30:00.000Z'
const read = (...parts: string[]): string => readFileSync(path.join(...parts), 'utf8')

await t.test('what Labbook measured is in the language of the report; output of hosts stays as it is', async (t) => {
  const title = { id: 'Audit of {node}', values: { node: 'node1' } }
  const command = { id: 'advice, checked on {node}', values: { node: 'node1' } }
  const plain = (id: string) => ({ id, values: {} })
  const stdout = {
    table: [
      [plain('ADVICE'), 'NODE1'],
      [plain('The daemon starts at boot'), plain('yes')],
    ],
  }
  const texts = { title: messageText(title), command: messageText(command), stdout: messageText(stdout) }
  const directory = t.testdir()
  mkdirSync(directory, { recursive: true })
  const events = [
    runStart(['node1'], {
      questions: [{ text: { en: 'Is it so?' }, answeredBy: ['a.'], section: { en: 'Audit' }, pictures: ['audit'] }],
    }),
    exhibit({ id: 'audit', host: 'controller', ...texts, messages: { title, command, stdout } }),
    exhibit({ id: 'raw', title: 'ADVICE', stdout: 'ADVICE of node1' }),
    {
      type: 'finding',
      time: TIME,
      id: 'a.b',
      experiment: 'Audit',
      statement: 'statement',
      holds: true,
      evidence: ['audit', 'raw'],
    },
    { ...notice(texts.command), messages: { message: command } },
  ] as const
  writeFileSync(path.join(directory, 'events.jsonl'), journalOf(events))
  const catalogue = {
    'Audit of {node}': 'Проверка {node}',
    'advice, checked on {node}': 'рекомендации, проверка на {node}',
    ADVICE: 'РЕКОМЕНДАЦИЯ',
    'The daemon starts at boot': 'Демон запускается при загрузке',
    yes: 'да',
  }
  await renderReport(directory, undefined, { language: 'ru', catalogue })
  const evidence = read(directory, 'evidence.html')
  const table = 'РЕКОМЕНДАЦИЯ                    NODE1\nДемон запускается при загрузке  да'
  t.match(evidence, `<pre tabindex="0">$ рекомендации, проверка на node1\n${table}</pre>`)
  t.match(evidence, '\nADVICE of node1</pre>')
  t.match(evidence, /<a href="#exhibit-audit">Проверка node1<\/a>/, 'in the appendix')
  t.match(evidence, /<ul class="notices"><li class="info"><b>[^<]*<\/b> рекомендации, проверка на node1/)
  t.match(read(directory, 'report.html'), '<title id="title-audit">Проверка node1 (controller)</title>')
  await renderReport(directory)
  const english = read(directory, 'evidence.html')
  t.match(english, 'ADVICE                     NODE1\nThe daemon starts at boot  yes')
  t.notMatch(english, /[а-яё]/i)
})

await t.test('a host of two runs may be two machines: each is shown, with its own version of Docker', (t) => {
  const fold = new MachineFold()
  const run = (version: string, docker: string): void => {
    fold.addStart()
    const stdout = `os_id debian\nos_version ${version}\nuname Linux x86_64\n`
    fold.addResult({
      module: 'setup',
      host: 'node1',
      commands: [{ kind: 'probe', script: '', stdout, stderr: '', exitCode: 0, durationMs: 1 }],
    })
    fold.addExhibit({ stdout: `HOSTNAME  ENGINE VERSION\nnode1     ${docker}\n` })
  }
  run('13', '26.1.5')
  run('12', '20.10.24')
  fold.addStart()
  t.same(
    fold.runs.map(({ machines, docker }) => [machines.get('node1')?.system, docker.get('node1')]),
    [
      ['Debian 13 x86_64', '26.1.5'],
      ['Debian 12 x86_64', '20.10.24'],
    ],
    'a run without facts adds none',
  )
  t.end()
})

await t.test('of runs on other machines with the same names, the topology has the addresses of the first', (t) => {
  const fold = new TopologyFold()
  for (const address of ['10.77.0.11', '10.88.9.11']) {
    fold.addStart({ hosts: ['node1'] })
    const stdout = `route 1.1.1.1 dev eth0 src ${address}\n`
    fold.addResult({
      module: 'setup',
      host: 'node1',
      commands: [{ kind: 'probe', script: '', stdout, stderr: '', exitCode: 0, durationMs: 1 }],
    })
  }
  t.same(
    fold.topology().nodes.map(({ address }) => address),
    ['10.77.0.11'],
  )
  t.end()
})
