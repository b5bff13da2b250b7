import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { renderReport } from '../../../src/report/index.ts'
import { junitOf } from '../../../src/report/junit.ts'
import { findBrowser } from '../../../src/report/pdf.ts'
import { en } from '../../../src/report/words/index.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import { exhibit, result, runStart } from '../evidence/events.ts'
import { HOSTILE, journalOf, richRun } from './rich-run.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

function folderOf(t: Test, events: Iterable<RunEvent> = richRun()): string {
  const folder = t.testdir()
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'events.jsonl'), journalOf(events))
  return folder
}

const read = (...parts: string[]): string => readFileSync(path.join(...parts), 'utf8')

await t.test('a chart stands in place of the terminal, with its text and its data beside it', async (t) => {
  const folder = folderOf(t)
  await renderReport(folder)
  const html = read(folder, 'report.html')
  t.match(html, '<svg xmlns="http://www.w3.org/2000/svg" class="chart"')
  t.match(read(folder, 'img/capacity-1.svg'), 'class="chart"')
  t.notMatch(read(folder, 'img/capacity-1.svg'), 'class="terminal"')
  t.match(html, 'connections requests/s\n&lt;script&gt;')
  t.equal(read(folder, 'data/capacity-1-requests.csv'), 'at,ok\n0,10\n')
  t.match(html, '<a href="data/capacity-1-requests.csv">requests.csv</a>')
  for (const [, file] of html.matchAll(/href="(data\/[^"]+)"/g))
    t.ok(existsSync(path.join(folder, String(file))), String(file))
  t.equal(readdirSync(path.join(folder, 'data')).length, 3)
  t.match(read(folder, 'report.md'), '[requests.csv](data/capacity-1-requests.csv)')
})

await t.test('who, machines, questions, how sure, and every command', async (t) => {
  const folder = folderOf(t)
  await renderReport(folder)
  for (const page of [read(folder, 'report.html'), read(folder, 'report.md')]) {
    t.match(page, 'Ann &lt;Lee&gt;')
    t.match(page, 'node1, node2: Debian 12 x86')
    t.match(page, '2 CPUs, 3.85 GiB, Docker 20.10.24')
    t.match(page, 'Did capacity change with the number of replicas?')
    t.notMatch(page, 'What do depends')
    t.match(page, 'held 5 of 5 times; 95 % interval at least 48 %')
    t.match(page, 'time to Down: median 8.8 s, 7.7 to 12.3 s (n = 4)')
    t.match(page, /Did 100 users see a difference[^]*no/)
    t.match(page, '2 of 4 findings hold, 1 does not, 1 cannot be told')
    t.match(page, '1 of 1 question answered')
    t.match(page, 'Appendix: every command')
    t.match(page, '2 looks at the machines')
  }
})

await t.test('a chart that cannot be drawn is shown as a terminal, and why', async (t) => {
  const folder = folderOf(t, [exhibit({ stdout: 'numbers', chart: { kind: 'lines', title: 'x' } as never })])
  await renderReport(folder)
  t.match(read(folder, 'report.html'), /class="terminal"[\s\S]*The chart could not be drawn: /)
})

await t.test('data that the journal has only in part does not replace what is whole', async (t) => {
  const folder = folderOf(t, [exhibit({ data: [{ name: 'a.csv', text: 'head\n... left out ...\ntail' }] })])
  mkdirSync(path.join(folder, 'data'))
  writeFileSync(path.join(folder, 'data/nodes-1-a.csv'), 'all of it\n'.repeat(10))
  await renderReport(folder)
  t.equal(read(folder, 'data/nodes-1-a.csv'), 'all of it\n'.repeat(10))
})

await t.test('of very many commands some are only counted', async (t) => {
  function* many() {
    for (let i = 0; i < 1600; i++)
      yield result('node1', 'changed', {
        commands: [
          { kind: 'change' as const, script: `echo ${i}`, stdout: '', stderr: '', exitCode: 0, durationMs: 1 },
        ],
      })
  }
  const folder = folderOf(t, many())
  await renderReport(folder)
  t.match(read(folder, 'report.html'), '100 commands more in events.jsonl')
})

await t.test('in Russian: the fixed words, dates and numbers; what hosts and playbooks said stays', async (t) => {
  const folder = folderOf(t)
  await renderReport(folder, undefined, { language: 'ru' })
  const html = read(folder, 'report.html')
  t.match(html, '<html lang="ru">')
  for (const text of [
    'Вопросы и ответы',
    'Верно 2 из 4 утверждений, неверно 1, неизвестно 1',
    '21 ноября 2026 г.',
    '3,85 ГиБ',
    'it broke: ',
    'Four replicas serve more than one',
    'верно 5 из 5 раз',
  ])
    t.match(html, text)
  for (const text of ['Findings', 'What went wrong', 'Evidence', 'left out', 'exit code', 'Appendix'])
    t.notMatch(html, text)
  t.notMatch(read(folder, 'report.md'), /Findings|Evidence|left out|exit code/)
})

/** The XML as Python reads it: `[suite, case, kinds of children]`. */
function casesOf(t: Test, xml: string): [string, string, string[]][] {
  const file = path.join(t.testdir(), 'junit.xml')
  writeFileSync(file, xml)
  const { stdout, stderr } = spawnSync(
    'python3',
    [
      '-c',
      `
import json, sys, xml.etree.ElementTree as tree
print(json.dumps([[suite.get('name'), case.get('name'), [child.tag for child in case]] for suite in tree.parse(sys.argv[1]).getroot() for case in suite]))`,
      file,
    ],
    { encoding: 'utf8' },
  )
  t.equal(stderr, '')
  return JSON.parse(stdout) as [string, string, string[]][]
}

await t.test(
  'JUnit: tasks and findings are cases; what failed, was skipped or cannot be told is so there',
  async (t) => {
    const cases = casesOf(t, junitOf(richRun(), en))
    const kinds = (beginning: string) =>
      cases
        .filter(([, name]) => name.startsWith(beginning))
        .map(([, , kinds]) => kinds.filter((kind) => kind !== 'system-out'))
    t.strictSame(kinds('node2: Break'), [['failure']])
    t.strictSame(kinds('node2: Left out'), [['skipped']])
    t.strictSame(kinds('load.capacity.grows'), [[]])
    t.strictSame(kinds('swarm.node-killed.recovers'), [['failure']])
    t.strictSame(kinds('load.users.100'), [[]])
    t.strictSame(kinds('other.thing'), [['skipped']])
    t.strictSame(kinds('the run came to its end'), [[]])
    t.strictSame([...new Set(cases.map(([suite]) => suite))], ['Docker', 'Load', 'run'])
  },
)

await t.test(
  'JUnit: an unreachable host and a run without an end are errors, an ignored failure is none',
  async (t) => {
    const cases = casesOf(
      t,
      junitOf(
        [runStart(['a']), result('a', 'unreachable', { message: HOSTILE }), result('b', 'failed', { ignored: true })],
        en,
      ),
    )
    t.strictSame(
      cases.map(([, , kinds]) => kinds.filter((kind) => kind !== 'system-out')),
      [['error'], [], ['error']],
    )
  },
)

await t.test(
  'a browser is what CHROME_PATH names, or one on the PATH; without one the message says what to do',
  async (t) => {
    const folder = t.testdir({ chromium: '#!/bin/sh\n', 'not-a-program': '' })
    chmodSync(path.join(folder, 'chromium'), 0o755)
    t.equal(findBrowser({ PATH: `/nowhere:${folder}` }), path.join(folder, 'chromium'))
    t.equal(findBrowser({ PATH: '', CHROME_PATH: path.join(folder, 'chromium') }), path.join(folder, 'chromium'))
    t.throws(
      () => findBrowser({ PATH: folder, CHROME_PATH: path.join(folder, 'not-a-program') }),
      /CHROME_PATH is .*not-a-program, which is no program/,
    )
    t.throws(() => findBrowser({ PATH: '/nowhere' }), /there is none here: install it .* or open report.html/)
  },
)

await t.test('the command line', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-report-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  writeFileSync(path.join(folder, 'events.jsonl'), journalOf(richRun()))
  const run = (...args: string[]): { stdout: string; stderr: string; code: number | null } => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [path.join(ROOT, 'playbooks/report.mjs'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', PATH: '/nowhere', CHROME_PATH: '' },
    })
    return { stdout, stderr, code: status }
  }
  await t.test('writes what was asked for and says where', async (t) => {
    t.strictSame(run('.', '--format', 'html,junit', '--lang', 'ru'), {
      stdout: 'report.html\nreport.junit.xml\n',
      stderr: '',
      code: 0,
    })
    t.match(read(folder, 'report.html'), 'lang="ru"')
    t.notOk(existsSync(path.join(folder, 'report.md')))
    t.strictSame(run(folder), { stdout: 'report.html\nreport.md\n', stderr: '', code: 0 })
  })
  for (const [args, message] of [
    [['--format', 'word'], '--format word: unknown format; valid values: html, md, pdf, junit\n'],
    [['--lang=fr'], '--lang fr: unknown language; valid values: en, ru\n'],
    [['--formt', 'md'], 'unknown option --formt (did you mean --format?)\n'],
    [['--format'], '--format needs a value: html, md, pdf, junit\n'],
    [['.', '--format', 'pdf'], /^a PDF is printed with Chromium, and there is none here: .*\n$/],
    [['no-such-run'], /^run "no-such-run" not found in .*runs.*\n$/],
    [['/etc'], '/etc is not a run: it has no events.jsonl\n'],
    [['a', 'b'], 'only one run is allowed, not a and b\n'],
  ] as const) {
    await t.test(args.join(' '), async (t) => {
      const { stdout, stderr, code } = run(...args)
      t.equal(code, 1)
      t.equal(stdout, '')
      t.match(stderr, message)
    })
  }
  await t.test('a damaged journal is told in a line', async (t) => {
    const broken = path.join(folder, 'broken')
    mkdirSync(broken)
    writeFileSync(path.join(broken, 'events.jsonl'), 'no json\n{}\n')
    const { stderr, code } = run('broken')
    t.equal(code, 1)
    t.match(stderr, /events\.jsonl:1: this line is not an event/)
  })
})
