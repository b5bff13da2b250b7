import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { readEventLog } from '../../../src/evidence/index.ts'
import { EVENT_SCHEMA } from '../../../src/events/events.ts'
import { openEventLog, truncateMiddle } from '../../../src/evidence/event-log.ts'
import { exhibit, notice } from './events.ts'

const MIB = 1024 * 1024

await t.test('events can be read one event loop iteration later, before the event log is closed', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  const { write, close } = openEventLog({ events })
  const written = [notice('one'), notice('two\u2028lines\nof Grüße 🎉'), exhibit()]
  for (const event of written) write(event)
  await new Promise(setImmediate)
  t.strictSame([...readEventLog(events)], written)
  close()
})

await t.test('lines longer than a read chunk are read completely', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  const { write, close } = openEventLog({ events })
  const long = exhibit({ stdout: 'ä'.repeat(MIB / 2), stderr: 'b'.repeat(MIB) })
  for (const event of [long, notice('after'), long]) write(event)
  t.strictSame([...readEventLog(events)], [long, notice('after'), long])
  close()
})

await t.test('truncated last line is skipped', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  writeFileSync(events, `${JSON.stringify(notice('one'))}\n{"type":"noti`)
  t.strictSame([...readEventLog(events)], [notice('one')])
})

await t.test('error for an invalid line in the middle has its line number', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  for (const line of ['{"type":"noti', '42', '{}']) {
    writeFileSync(events, `${JSON.stringify(notice('one'))}\n${line}\n`)
    appendFileSync(events, `${JSON.stringify(notice('two'))}\n`)
    t.throws(() => [...readEventLog(events)], /events\.jsonl:2: this line is not an event/, line)
  }
})

await t.test('event log of a newer Labbook is rejected, one without a schema is read', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  const start = { type: 'run_start', time: '2026-11-21T04:30:00.000Z', version: '7.1.0' }
  writeFileSync(events, `${JSON.stringify(start)}\n`)
  t.match([...readEventLog(events)], [{ version: '7.1.0' }])
  writeFileSync(events, `${JSON.stringify({ ...start, schema: EVENT_SCHEMA + 1 })}\n`)
  t.throws(() => [...readEventLog(events)], /has event schema 2, .* up to 1: use Labbook 7\.1\.0 or newer/)
})

await t.test('error for a missing event log names the file', async (t) => {
  t.throws(() => [...readEventLog('/nonexistent/events.jsonl')], /cannot read event log \/nonexistent\/events\.jsonl/)
})

await t.test('long output keeps head and tail and the number of missing bytes', async (t) => {
  const events = `${t.testdir()}/events.jsonl`
  const { write, close } = openEventLog({ events })
  write(exhibit({ stdout: `head${'x'.repeat(3 * MIB)}tail` }))
  close()
  const [read] = [...readEventLog(events)]
  t.match(read, { stdout: /^headx+\n\[\.\.\. 2097160 bytes left out \.\.\.\]\nx+tail$/ })
  t.ok(readFileSync(events).length < 1.1 * MIB)
})

await t.test('shortening never splits a character', async () => {
  fc.assert(
    fc.property(fc.constantFrom('€', '🎉', 'é', 'ab€'), fc.string({ maxLength: 5 }), (unit, prefix) => {
      const out = truncateMiddle(prefix + unit.repeat(MIB))
      return !out.includes('\uFFFD') && out.startsWith(prefix) && out.endsWith(unit)
    }),
    { numRuns: 8 },
  )
})

/** Runs a program that writes an event log; resolves with the messages in it after the program's end. */
async function written(t: { testdir(): string }, program: string, end?: 'SIGKILL'): Promise<unknown[]> {
  const folder = t.testdir()
  const events = `${folder}/events.jsonl`
  const source = new URL('../../../src/evidence/event-log.ts', import.meta.url).href
  writeFileSync(
    `${folder}/program.mts`,
    `import { openEventLog } from '${source}'
    const { write, close } = openEventLog({ events: '${events}' })
    const note = (message) => write({ type: 'notice', time: '2026-11-21T04:30:00Z', level: 'info', message })
    ${program}`,
  )
  const child = spawn(process.execPath, ['--import=tsx', `${folder}/program.mts`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (end !== undefined) {
    await once(child.stdout, 'data')
    child.kill(end)
  }
  await once(child, 'exit')
  return [...readEventLog(events)].map((event) => (event as { message?: string }).message)
}

await t.test('killed run keeps all events before the last event loop iteration', async (t) => {
  const program = "note('one'); note('two'); setTimeout(() => { console.log('go'); setInterval(() => {}, 1000) })"
  t.strictSame(await written(t, program, 'SIGKILL'), ['one', 'two'])
})

await t.test('process that exits immediately keeps all events', async (t) => {
  t.strictSame(await written(t, "note('one'); setTimeout(() => { note('two'); process.exit(130) })"), ['one', 'two'])
})

await t.test('full disk is reported by the next write and by close, in one line', async (t) => {
  const { write, close } = openEventLog({ events: '/dev/full' })
  write(notice('one'))
  await new Promise(setImmediate)
  const full = /cannot write to event log \/dev\/full: no space left on device: remove old runs/
  t.throws(() => {
    write(notice('two'))
  }, full)
  t.throws(() => {
    write(notice('three'))
  }, full)
  t.throws(close, full)
  t.doesNotThrow(close)
})

await t.test('truncated text keeps the line that says so', async (t) => {
  const cut = `${'h'.repeat(MIB / 2)}\n[... 5 bytes left out; all 6 are in output/1.txt ...]\n${'t'.repeat(MIB / 2)}`
  t.equal(truncateMiddle(cut), cut)
})
