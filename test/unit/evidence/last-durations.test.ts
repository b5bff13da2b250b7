import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { lastDurations } from '../../../src/evidence/index.ts'

const runs = t.testdir()
const run = (name: string, summary: object | string): void => {
  mkdirSync(path.join(runs, name))
  writeFileSync(path.join(runs, name, 'summary.json'), typeof summary === 'string' ? summary : JSON.stringify(summary))
}
const passed = (playbook: string, plays: Readonly<Record<string, number>>, more: object = {}): object => ({
  playbook,
  status: 'passed',
  check: false,
  plays: Object.entries(plays).map(([name, durationMs]) => ({ name, durationMs })),
  ...more,
})

run('2026-01-01T00-00-00Z-site', passed('site', { Lab: 25_000, Docker: 16_000 }))
run('2026-01-02T00-00-00Z-site', passed('site', { Lab: 1000 }))
run('2026-01-03T00-00-00Z-site', passed('site', { Lab: 5 }, { check: true }))
run('2026-01-04T00-00-00Z-site', passed('site', { Lab: 6 }, { status: 'failed' }))
run('2026-01-05T00-00-00Z-app', passed('app', { App: 7000, Lab: 900 }))
run('2026-01-06T00-00-00Z-app', 'truncated')
mkdirSync(path.join(runs, '2026-01-07T00-00-00Z-killed'))

t.test('duration of a play is that of its newest passed run; checks and failed runs do not count', (t) => {
  t.same(Object.fromEntries(lastDurations(runs, { playbook: 'site' })), { Lab: 1000, Docker: 16_000 })
  t.same(Object.fromEntries(lastDurations(runs)), { App: 7000, Lab: 900, Docker: 16_000 })
  t.end()
})

t.test('durations come from the newest runs only; a missing directory has none', (t) => {
  t.same(Object.fromEntries(lastDurations(runs, { most: 3 })), { App: 7000, Lab: 900 })
  t.equal(lastDurations(path.join(runs, 'none')).size, 0)
  t.end()
})
