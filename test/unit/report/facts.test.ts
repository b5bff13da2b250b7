import t from 'tap'
import { FactsFold, type Facts } from '../../../src/report/facts.ts'
import { duration } from '../../../src/report/format.ts'
import { slugger } from '../../../src/report/slug.ts'
import type { RunEvent } from '../../../src/run/events.ts'
import { exhibit, notice, result } from '../evidence/events.ts'

function gather(events: Iterable<RunEvent>): Facts {
  const fold = new FactsFold()
  for (const event of events) fold.add(event)
  return fold.facts
}

await t.test('of very many results most are only counted; failures have room of their own', async (t) => {
  function* many() {
    for (let i = 0; i < 10_000; i++) yield result('node1', 'changed')
    yield result('node1', 'failed')
  }
  const facts = gather(many())
  t.equal(facts.results, 10_001)
  t.equal(facts.onlyCounted, 9300)
  t.strictSame(facts.plays.get('Docker')?.hosts.get('node1')?.counts, { changed: 10_000, failed: 1 })
  t.equal(facts.failures.length, 1)
})

await t.test('an ignored failure is not among what went wrong', async (t) => {
  t.strictSame(gather([result('node1', 'failed', { ignored: true })]).failures, [])
})

await t.test('the commands shown are the changes; of a failed task all', async (t) => {
  const command = (kind: 'probe' | 'change') => ({
    kind,
    script: kind,
    stdout: '',
    stderr: '',
    exitCode: 0,
    durationMs: 1,
  })
  const commands = [command('probe'), command('change')]
  const facts = gather([result('node1', 'changed', { commands }), result('node1', 'failed', { commands })])
  const details = facts.plays.get('Docker')?.hosts.get('node1')?.details ?? []
  t.strictSame(
    details.map((detail) => detail.commands.map(({ kind }) => kind)),
    [['change'], ['probe', 'change']],
  )
})

await t.test('durations as people say them', async (t) => {
  const said = [0, 312, 4200, 59_949, 59_950, 65_000, 7_380_000].map(duration)
  t.strictSame(said, ['0 ms', '312 ms', '4.2 s', '59.9 s', '1 min 00 s', '1 min 05 s', '2 h 03 min'])
})

await t.test('slugs are fit for file names and each there once, also where case does not count', async (t) => {
  const slug = slugger()
  t.strictSame(['a/b', 'A/B', '../x', '', 'app.replicas'].map(slug), ['a-b', 'A-B-2', 'x', 'unnamed', 'app.replicas'])
})

await t.test('what is kept does not grow with the journal', async (t) => {
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
  const facts = gather(many())
  t.ok(JSON.stringify([facts.failures, [...facts.exhibits.values()], facts.notices]).length < 64_000_000)
  t.equal(facts.exhibits.size + facts.moreExhibits, 2000)
  t.equal(facts.notices.length + facts.moreNotices, 2000)
  t.equal(facts.failures.length + facts.onlyCounted, 2000)
})

await t.test('of large diffs and outputs only so many are kept as fit', async (t) => {
  const text = 'x'.repeat(1_000_000)
  function* many() {
    for (let i = 0; i < 100; i++)
      yield result('node1', 'changed', {
        changes: [{ description: 'write', diff: { subject: 'f', before: text, after: text } }],
      })
  }
  const facts = gather(many())
  t.ok(facts.onlyCounted > 70, `${facts.onlyCounted}`)
})

await t.test('a task that only looked is shown with what it printed, where that is long', async (t) => {
  const long = { stdout: { bytes: 3_000_000, file: 'output/1-node1-look.stdout.txt' } }
  const commands = [
    { kind: 'probe' as const, script: 'look', stdout: 'a\n'.repeat(500), stderr: '', exitCode: 0, durationMs: 1, long },
  ]
  const [detail] =
    gather([result('node1', 'ok', { commands })])
      .plays.get('Docker')
      ?.hosts.get('node1')?.details ?? []
  t.strictSame(detail?.commands[0]?.long, [
    { stream: 'output', bytes: 3_000_000, file: 'output/1-node1-look.stdout.txt' },
  ])
  t.match(detail?.commands[0]?.stdout, 'lines left out; all of them are in output/1-node1-look.stdout.txt')
})
