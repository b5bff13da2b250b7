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
import { junitXml } from '../../../src/report/junit.ts'
import { findBrowser } from '../../../src/report/pdf.ts'
import { en } from '../../../src/report/messages/index.ts'
import type { RunEvent } from '../../../src/events/events.ts'
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

await t.test('a chart replaces the terminal, and has text and data files', async (t) => {
  const folder = folderOf(t)
  await renderReport(folder)
  const html = read(folder, 'evidence.html')
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

await t.test('report shows author, machines, questions, confidence intervals and commands', async (t) => {
  const folder = folderOf(t)
  await renderReport(folder)
  for (const file of ['evidence.html', 'report.md']) {
    const page = read(folder, file)
    t.match(page, 'Ann &lt;Lee&gt;', file)
    t.match(page, 'node1, node2: Debian 12 x86', file)
    t.match(page, '2 CPUs, 3.85 GiB, Docker 20.10.24', file)
    t.match(page, 'Does capacity change with the number of replicas? &lt;b&gt;', file)
    t.notMatch(page, 'What does depends', file)
    t.match(page, 'held 5 of 5 times; 95 % confidence interval: at least 48 %', file)
    t.match(page, 'time to Down: median 8.8 s, 7.7 to 12.3 s (n = 4)', file)
    t.match(page, /Did 100 users see a difference[^]*No/, file)
    t.match(page, '2 of 5 findings hold, 2 do not, 1 inconclusive', file)
    t.match(page, '3 of 3 questions answered', file)
    t.match(page, 'Appendix: commands', file)
    t.match(page, '2 read-only probes omitted', file)
  }
})

await t.test('event log of a version without questions has a report without them', async (t) => {
  const folder = folderOf(
    t,
    [...richRun()].map((event) => {
      if (event.type !== 'run_start') return event
      const { questions: _, ...old } = event
      return old
    }),
  )
  await renderReport(folder)
  for (const file of ['evidence.html', 'report.md']) {
    t.match(read(folder, file), '2 of 5 findings hold, 2 do not, 1 inconclusive', file)
    t.notMatch(read(folder, file), 'Questions and answers', file)
  }
})

await t.test('a chart that cannot be drawn is shown as a terminal, with the reason', async (t) => {
  const folder = folderOf(t, [exhibit({ stdout: 'numbers', chart: { kind: 'lines', title: 'x' } as never })])
  await renderReport(folder)
  t.match(read(folder, 'evidence.html'), /class="terminal"[\s\S]*Cannot draw the chart: /)
})

await t.test('truncated data does not replace complete data files', async (t) => {
  const folder = folderOf(t, [exhibit({ data: [{ name: 'a.csv', text: 'head\n... left out ...\ntail' }] })])
  mkdirSync(path.join(folder, 'data'))
  writeFileSync(path.join(folder, 'data/nodes-1-a.csv'), 'all of it\n'.repeat(10))
  await renderReport(folder)
  t.equal(read(folder, 'data/nodes-1-a.csv'), 'all of it\n'.repeat(10))
})

await t.test('commands beyond the limit are only counted', async (t) => {
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
  t.match(read(folder, 'evidence.html'), '100 more commands: see events.jsonl')
})

await t.test('Russian report translates fixed texts, dates and numbers, but not output and names', async (t) => {
  const folder = folderOf(t)
  await renderReport(folder, undefined, { language: 'ru' })
  const html = read(folder, 'report.html') + read(folder, 'evidence.html')
  t.match(html, '<html lang="ru">')
  for (const text of [
    'Вопросы и ответы',
    'Зависит ли производительность от числа реплик?',
    'Подтверждено 2 из 5 утверждений, не подтверждено 2, не определено 1',
    '21 ноября 2026 г.',
    '3,85 ГиБ',
    'it broke: ',
    'Four replicas serve more than one',
    'подтверждено 5 раз из 5',
  ])
    t.match(html, text, text)
  for (const text of ['Findings', 'What went wrong', 'Evidence', 'omitted', 'exit code', 'Appendix'])
    t.notMatch(html, text, text)
  t.notMatch(read(folder, 'report.md'), /Findings|Evidence|omitted|exit code/)
})

/** The XML as parsed by Python: `[suite, case, tags of children]`. */
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

await t.test('JUnit: tasks and findings are test cases, with failures and skips', async (t) => {
  const cases = casesOf(t, junitXml(richRun(), en))
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
  t.strictSame(kinds('run completes'), [[]])
  t.strictSame([...new Set(cases.map(([suite]) => suite))], ['Docker', 'Load', 'run'])
})

await t.test('JUnit: an unreachable host and an interrupted run are errors, an ignored failure is not', async (t) => {
  const cases = casesOf(
    t,
    junitXml(
      [runStart(['a']), result('a', 'unreachable', { message: HOSTILE }), result('b', 'failed', { ignored: true })],
      en,
    ),
  )
  t.strictSame(
    cases.map(([, , kinds]) => kinds.filter((kind) => kind !== 'system-out')),
    [['error'], [], ['error']],
  )
})

await t.test('browser is the one in CHROME_PATH or on the PATH; without one the message says what to do', async (t) => {
  const folder = t.testdir({ chromium: '#!/bin/sh\n', 'not-a-program': '' })
  chmodSync(path.join(folder, 'chromium'), 0o755)
  t.equal(findBrowser({ PATH: `/nowhere:${folder}` }), path.join(folder, 'chromium'))
  t.equal(findBrowser({ PATH: '', CHROME_PATH: path.join(folder, 'chromium') }), path.join(folder, 'chromium'))
  t.throws(
    () => findBrowser({ PATH: folder, CHROME_PATH: path.join(folder, 'not-a-program') }),
    /CHROME_PATH is ".*not-a-program", which is not an executable file/,
  )
  t.throws(() => findBrowser({ PATH: '/nowhere' }), /cannot find Chromium.*: install it .* or print report.html/)
})

await t.test('report command line', async (t) => {
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
  await t.test('writes the requested formats and prints their paths', async (t) => {
    t.strictSame(run('.', '--format', 'html,junit', '--lang', 'ru'), {
      stdout: 'report.html\nevidence.html\nreport.junit.xml\n',
      stderr: '',
      code: 0,
    })
    t.match(read(folder, 'report.html'), 'lang="ru"')
    t.notOk(existsSync(path.join(folder, 'report.md')))
    t.strictSame(run(folder), { stdout: 'report.html\nevidence.html\nreport.md\n', stderr: '', code: 0 })
  })
  await t.test("several runs make one report, in a directory of one's choice", async (t) => {
    mkdirSync(path.join(folder, 'other'))
    writeFileSync(path.join(folder, 'other', 'events.jsonl'), journalOf([runStart(['node7'])]))
    t.strictSame(run('.', 'other', '--output', 'both', '--format', 'html'), {
      stdout: 'both/report.html\nboth/evidence.html\n',
      stderr: '',
      code: 0,
    })
    t.match(read(folder, 'both', 'report.html'), /id="runs"[^]*<th scope="row">other</)
  })
  for (const [args, message] of [
    [['--format', 'word'], '--format word: unknown format; valid values: html, md, pdf, junit\n'],
    [['--lang=fr'], '--lang fr: unknown language; valid values: en, ru\n'],
    [['--formt', 'md'], 'unknown option --formt (did you mean --format?)\n'],
    [['--format'], '--format needs a value: html, md, pdf, junit\n'],
    [['.', '--format', 'pdf'], /^cannot find Chromium, which is needed to print a PDF: .*\n$/],
    [['no-such-run'], /^run "no-such-run" not found in .*runs.*\n$/],
    [['/etc'], '/etc is not a run: it has no events.jsonl\n'],
    [['.', '/etc'], '/etc is not a run: it has no events.jsonl\n'],
    [['.', '--output', 'x'], /^--output is only for a report of several runs/],
    [['.', 'older', '--format', 'junit'], '--format junit takes one run, not several\n'],
  ] as const) {
    await t.test(`report.mjs ${args.join(' ')}`, async (t) => {
      const { stdout, stderr, code } = run(...args)
      t.equal(code, 1)
      t.equal(stdout, '')
      t.match(stderr, message)
    })
  }
  await t.test('a damaged event log is a one-line error', async (t) => {
    const broken = path.join(folder, 'broken')
    mkdirSync(broken)
    writeFileSync(path.join(broken, 'events.jsonl'), 'no json\n{}\n')
    const { stderr, code } = run('broken')
    t.equal(code, 1)
    t.match(stderr, /events\.jsonl:1: this line is not an event/)
  })
})
