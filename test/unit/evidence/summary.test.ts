import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { SummaryFold, writeSummary, type Summary } from '../../../src/evidence/index.ts'
import type { RunEvent } from '../../../src/events/events.ts'
import { emptyRecap } from '../../../src/execution/recap.ts'
import { result, runStart } from './events.ts'

function summarise(events: Iterable<RunEvent>): Summary {
  const builder = new SummaryFold()
  for (const event of events) builder.add(event)
  return builder.summary()
}

const at = (second: number): string => new Date(Date.UTC(2026, 10, 21, 4, 30, second)).toISOString()
const started: RunEvent[] = [
  runStart(['node1', 'node2'], { time: at(0) }),
  { type: 'play_start', time: at(1), play: 'Docker', kind: 'play', hosts: ['node1', 'node2'] },
  result('node1', 'ok', { time: at(2) }),
  result('node1', 'changed', { time: at(3) }),
  result('node2', 'failed', { time: at(4) }),
]
const experiment: RunEvent[] = [
  { type: 'play_end', time: at(5), play: 'Docker', durationMs: 4000 },
  { type: 'play_start', time: at(6), play: 'Drain', kind: 'experiment', hosts: ['node1'] },
  result('node1', 'changed', { play: 'Drain', time: at(7) }),
  {
    type: 'finding',
    time: at(8),
    id: 'swarm.drain',
    experiment: 'Drain',
    statement: 'It drains',
    holds: false,
    evidence: ['nodes-1'],
    detail: '1 left',
  },
]

await t.test('killed run is interrupted, and its results count', async (t) => {
  const summary = summarise(started)
  t.match(summary, {
    playbook: 'site',
    status: 'interrupted',
    exitCode: 130,
    check: false,
    startedAt: at(0),
    durationMs: 4000,
  })
  t.strictSame(summary.hosts, {
    node1: { ...emptyRecap(), ok: 2, changed: 1 },
    node2: { ...emptyRecap(), failed: 1 },
  })
  t.strictSame(summary.plays, [{ name: 'Docker', kind: 'play', hosts: ['node1', 'node2'], durationMs: 3000 }])
})

await t.test('experiments add findings and do not count in the recap', async (t) => {
  const summary = summarise([...started, ...experiment])
  t.equal(summary.hosts['node1']?.changed, 1)
  t.strictSame(summary.findings, [
    { id: 'swarm.drain', statement: 'It drains', holds: false, evidence: ['nodes-1'], detail: '1 left' },
  ])
  t.equal(summary.plays[0]?.durationMs, 4000)
})

await t.test('status of a completed run is that of run_end', async (t) => {
  const hosts = { node1: { ...emptyRecap(), ok: 5, rescued: 1 } }
  t.match(
    summarise([...started, { type: 'run_end', time: at(9), status: 'failed', exitCode: 2, hosts, durationMs: 9001 }]),
    { status: 'failed', exitCode: 2, hosts, durationMs: 9001 },
  )
})

await t.test('empty event log is an interrupted run', async (t) => {
  t.match(summarise([]), { status: 'interrupted', startedAt: '', durationMs: 0, hosts: {} })
})

await t.test('summary.json is written atomically', async (t) => {
  const path = t.testdir()
  writeSummary({ path }, summarise(started))
  t.strictSame(JSON.parse(readFileSync(`${path}/summary.json`, 'utf8')), summarise(started))
  t.strictSame(readdirSync(path), ['summary.json'])
})
