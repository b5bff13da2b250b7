import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { openRecorder, readEventLog, SummaryFold } from '../../../src/evidence/index.ts'
import { Redactor } from '../../../src/evidence/redactor.ts'
import type { RunEvent } from '../../../src/events/events.ts'
import { quote } from '../../../src/shell/quote.ts'
import { Secret } from '../../../src/values/secret.ts'
import { exhibit, notice, result, runStart } from './events.ts'
import { runs } from '../../support/seed.ts'

function open(t: Test) {
  const path = t.testdir({})
  const events = `${path}/events.jsonl`
  return { path, events, record: openRecorder({ name: 'run', path, events }) }
}

await t.test('any secret in any field is masked in the event log and in the returned event', async (t) => {
  const { record, events } = open(t)
  const redactor = new Redactor()
  const seen: RunEvent[] = []
  // Shorter ones would match in every event.
  const secrets = fc.string({
    minLength: 5,
    maxLength: 12,
    unit: fc.constantFrom('a', 'Z', '"', "'", '\\', '\n', '\t', '/', 'é', '🎉', '<', ' ', '\u2028', '\u0007'),
  })
  fc.assert(
    fc.property(secrets, fc.constantFrom('', 'x', '\n', '"', '\\'), (value, around) => {
      new Secret(value)
      const texts = [
        value,
        quote(value),
        JSON.stringify({ value }),
        encodeURIComponent(value),
        Buffer.from(value).toString('base64'),
      ]
      return texts.every((text) => {
        const event = result('node1', 'ok', { stdout: `${around}${text}${around}` })
        seen.push(record.record(event))
        return JSON.stringify(seen.at(-1)) === JSON.stringify(redactor.maskEvent(event))
      })
    }),
    { numRuns: runs(25) },
  )
  record.close()
  t.strictSame([...readEventLog(events)], seen)
})

await t.test('chunks of an output with a secret are left out: they would tell its length', async (t) => {
  const { record } = open(t)
  const value = 'a secret of an output'
  new Secret(value)
  const chunks = [[5, 1, value.length]] as const
  const shown = exhibit({})
  t.notMatch(record.record({ ...shown, chunks, stdout: value }), { chunks: Array })
  t.match(record.record({ ...shown, chunks, command: value }), { chunks })
  record.close()
})

await t.test('event without a secret is returned itself, not a copy', async (t) => {
  const { record } = open(t)
  const event = exhibit({ stdout: 'nothing to hide' })
  t.equal(record.record(event), event)
  record.close()
})

await t.test('summary during a run equals the summary of its event log', async (t) => {
  const { record, events } = open(t)
  for (const event of [runStart(['node1']), result('node1', 'changed'), result('node1', 'failed'), notice('look')])
    record.record(event)
  record.close()
  const builder = new SummaryFold()
  for (const event of readEventLog(events)) builder.add(event)
  t.strictSame(record.summary(), builder.summary())
  t.match(record.summary().hosts, { node1: { ok: 1, changed: 1, failed: 1 } })
})

await t.test('output files have readable, unique names and are masked', async (t) => {
  const { record, path } = open(t)
  new Secret('file-secret-1')
  const names = [1, 2].map(() => {
    const spool = record.output({ host: 'node1', task: 'Print ../file-secret-1 & more', stream: 'stderr' })
    spool.write(Buffer.from('say file-sec'))
    spool.write(Buffer.from('ret-1 now'))
    spool.close()
    return spool.file
  })
  t.strictSame(names, [
    'output/1-node1-Print-..-REDACTED-more.stderr.txt',
    'output/2-node1-Print-..-REDACTED-more.stderr.txt',
  ])
  for (const name of names) t.equal(readFileSync(`${path}/${name}`, 'utf8'), 'say [REDACTED] now', name)
  record.close()
})
