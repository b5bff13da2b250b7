import t from 'tap'
import { ReportDataFold, type ReportData } from '../../../src/report/report-data.ts'
import { duration } from '../../../src/report/format.ts'
import type { RunEvent } from '../../../src/events/events.ts'
import { exhibit, notice, result, runStart } from '../evidence/events.ts'

function collect(events: Iterable<RunEvent>): ReportData {
  const fold = new ReportDataFold()
  for (const event of events) fold.add(event)
  return fold.data
}

await t.test('results beyond the limit are only counted; failures have a limit of their own', async (t) => {
  function* many() {
    for (let i = 0; i < 10_000; i++) yield result('node1', 'changed')
    yield result('node1', 'failed')
  }
  const facts = collect(many())
  t.equal(facts.results, 10_001)
  t.equal(facts.onlyCounted, 9300)
  t.strictSame(facts.plays.get('Docker')?.hosts.get('node1')?.counts, { changed: 10_000, failed: 1 })
  t.equal(facts.failures.length, 1)
})

await t.test('ignored failures are not listed as failures', async (t) => {
  t.strictSame(collect([result('node1', 'failed', { ignored: true })]).failures, [])
})

await t.test('changed tasks show their changes, failed tasks all commands', async (t) => {
  const command = (kind: 'probe' | 'change') => ({
    kind,
    script: kind,
    stdout: '',
    stderr: '',
    exitCode: 0,
    durationMs: 1,
  })
  const commands = [command('probe'), command('change')]
  const facts = collect([result('node1', 'changed', { commands }), result('node1', 'failed', { commands })])
  const details = facts.plays.get('Docker')?.hosts.get('node1')?.details ?? []
  t.strictSame(
    details.map((detail) => detail.commands.map(({ kind }) => kind)),
    [['change'], ['probe', 'change']],
  )
})

await t.test('durations are formatted in readable units', async (t) => {
  const formatted = [0, 312, 4200, 59_949, 59_950, 65_000, 7_380_000].map(duration)
  t.strictSame(formatted, ['0 ms', '312 ms', '4.2 s', '59.9 s', '1 min 00 s', '1 min 05 s', '2 h 03 min'])
})

await t.test('memory does not grow with the event log', async (t) => {
  function* many() {
    for (let i = 0; i < 2000; i++) {
      const stdout = `line ${i}\n`.repeat(20_000)
      yield result('node1', 'failed', {
        commands: [{ kind: 'change', script: 'x', stdout, stderr: stdout, exitCode: 1, durationMs: 1 }],
      })
      yield exhibit({ id: `e${i}`, stdout })
      yield notice(`n${i}`)
    }
  }
  const facts = collect(many())
  t.ok(JSON.stringify([facts.failures, [...facts.exhibits.values()], facts.logEvents]).length < 64_000_000)
  t.equal(facts.exhibits.size + facts.omittedExhibits.size, 2000)
  t.equal(facts.logEvents.length + facts.moreLogEvents, 2000)
  t.equal(facts.failures.length + facts.onlyCounted, 2000)
})

await t.test('a run does not take the place of the exhibits of another one in the same report', async (t) => {
  function* both() {
    for (const run of ['one', 'two']) {
      yield runStart(['node1'])
      for (let i = 0; i < 501; i++) yield exhibit({ id: `${run}-${i}`, stdout: '' })
    }
  }
  const facts = collect(both())
  t.equal(facts.exhibits.size, 1000)
  t.strictSame([...facts.omittedExhibits], ['one-500', 'two-500'])
})

await t.test('large diffs and outputs are retained up to a limit', async (t) => {
  const text = 'x'.repeat(1_000_000)
  function* many() {
    for (let i = 0; i < 100; i++)
      yield result('node1', 'changed', {
        changes: [{ description: 'write', diff: { subject: 'f', before: text, after: text } }],
      })
  }
  const facts = collect(many())
  t.ok(facts.onlyCounted > 70, `${facts.onlyCounted}`)
})

await t.test('a task without changes shows its output if that is long', async (t) => {
  const long = { stdout: { bytes: 3_000_000, file: 'output/1-node1-check.stdout.txt' } }
  const commands = [
    {
      kind: 'probe' as const,
      script: 'check',
      stdout: 'a\n'.repeat(500),
      stderr: '',
      exitCode: 0,
      durationMs: 1,
      long,
    },
  ]
  const [detail] =
    collect([result('node1', 'ok', { commands })])
      .plays.get('Docker')
      ?.hosts.get('node1')?.details ?? []
  t.strictSame(detail?.commands[0]?.long, [
    { stream: 'output', bytes: 3_000_000, file: 'output/1-node1-check.stdout.txt' },
  ])
  t.match(detail?.commands[0]?.stdout, 'lines omitted; complete text in output/1-node1-check.stdout.txt')
})
