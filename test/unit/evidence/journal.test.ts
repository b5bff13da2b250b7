import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { journal, readJournal } from '../../../src/evidence/index.ts'
import { shorten } from '../../../src/evidence/journal.ts'
import { exhibit, notice } from './events.ts'

const MIB = 1024 * 1024

await t.test('what is written can be read again, before the journal is closed', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  const { write, close } = journal({ events })
  const written = [notice('one'), notice('two\u2028lines\nof Grüße 🎉'), exhibit()]
  for (const event of written) write(event)
  t.strictSame([...readJournal(events)], written)
  close()
})

await t.test('lines longer than a chunk of the reader are read whole', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  const { write, close } = journal({ events })
  const long = exhibit({ stdout: 'ä'.repeat(MIB / 2), stderr: 'b'.repeat(MIB) })
  for (const event of [long, notice('after'), long]) write(event)
  t.strictSame([...readJournal(events)], [long, notice('after'), long])
  close()
})

await t.test('a torn last line is left out', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  writeFileSync(events, `${JSON.stringify(notice('one'))}\n{"type":"noti`)
  t.strictSame([...readJournal(events)], [notice('one')])
})

await t.test('a line in the middle that is no event is an error with its place', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  for (const line of ['{"type":"noti', '42', '{}']) {
    writeFileSync(events, `${JSON.stringify(notice('one'))}\n${line}\n`)
    appendFileSync(events, `${JSON.stringify(notice('two'))}\n`)
    t.throws(() => [...readJournal(events)], /events\.jsonl:2: this line is no event/)
  }
})

await t.test('a journal that is not there is a clear error', async (t) => {
  t.throws(() => [...readJournal('/nonexistent/events.jsonl')], /cannot read the journal \/nonexistent\/events\.jsonl/)
})

await t.test('a long output keeps its head and tail and says how much is missing', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  const { write, close } = journal({ events })
  write(exhibit({ stdout: `head${'x'.repeat(3 * MIB)}tail` }))
  close()
  const [read] = [...readJournal(events)]
  t.match(read, { stdout: /^headx+\n\[\.\.\. 2097160 bytes left out \.\.\.\]\nx+tail$/ })
  t.ok(readFileSync(events).length < 1.1 * MIB)
})

await t.test('shortening never cuts a character', async () => {
  fc.assert(fc.property(fc.constantFrom('€', '🎉', 'é', 'ab€'), fc.string({ maxLength: 5 }), (unit, prefix) => {
    const out = shorten(prefix + unit.repeat(MIB))
    return !out.includes('\uFFFD') && out.startsWith(prefix) && out.endsWith(unit)
  }), { numRuns: 8 })
})
