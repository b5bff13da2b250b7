import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { drain } from '../../playbooks/swarm/experiments/drain.ts'
import type { TaskResult } from '../../src/events/events.ts'
import { latestRun } from '../support/playbook.ts'
import { changed, experiments, lab, NO_CHANGE, prove, results, site, startStory, succeeds } from './site.ts'

/*
 * The scenario of `npm test` on the real lab: namespaces with systemd and sshd, Docker, Swarm, the app, from a clean
 * install to down. Each test requires the one before. Other tests on the lab run with `npm run test:all`.
 */

const FINDINGS = [
  'registry.tls.verified',
  'registry.untrusted.refused',
  'registry.plain-http.refused',
  'registry.anonymous.refused',
  'registry.login.accepted',
  'registry.login.refused',
  'registry.push.https',
  'registry.pull.other-node',
  'swarm.nodes.ready',
  'app.replicas.answer',
  'app.counter.counts',
  'registry.storage.external',
  'registry.storage.survives',
]
/**
 * Experiments and their number of findings; for others see experiments.test.ts. Beside the other parts of `npm test`
 * the nodes get a fraction of two cores, so none of these asserts that no request fails.
 */
const EXPERIMENTS = { drain: 3, 'node-killed': 2, health: 1 }

const names = (list: readonly TaskResult[], status: string): string[] =>
  list
    .filter((result) => result.status === status)
    .map(({ host, play, task, handler }) => `${host}: ${play}: ${handler ? 'handler ' : ''}${task}`)

const down = await startStory()

t.test('check mode before the first run predicts its changes', async (t) => {
  await succeeds(t, lab('up'))
  await succeeds(t, site('--check'))
  const predicted = results()
  t.match(predicted.find(({ status }) => status === 'unknown')?.message, /^depends on ".+", which has not run yet/)

  await succeeds(t, site())
  const done = results()
  const does = new Set(names(done, 'changed'))
  const mayDo = new Set([...names(predicted, 'changed'), ...names(predicted, 'unknown')])
  t.same(
    names(predicted, 'changed').filter((name) => !does.has(name)),
    [],
    'every predicted change was made',
  )
  t.same(
    [...does].filter((name) => !mayDo.has(name)),
    [],
    'no other change was made',
  )
  const descriptions = (list: readonly TaskResult[]) =>
    new Map(
      list.map((result) => [`${result.host} ${result.task}`, result.changes.map(({ description }) => description)]),
    )
  const said = descriptions(predicted.filter(({ status }) => status === 'changed'))
  const made = descriptions(done)
  for (const [task, changes] of said) t.same(made.get(task), changes, `${task}: as predicted`)
})

t.test('the first run confirms all findings', async (t) => {
  const { directory: folder, events, ...run } = latestRun()
  const summary = run.summary()
  t.equal(summary.status, 'passed')
  t.same(
    summary.findings.map(({ id, holds }) => [id, holds]),
    FINDINGS.map((id) => [id, true]),
  )
  const exhibits = new Set(events.flatMap((event) => (event.type === 'exhibit' ? [event.id] : [])))
  for (const { id, evidence } of summary.findings) {
    t.ok(evidence.length > 0, `${id} has evidence`)
    t.ok(
      evidence.every((exhibit) => exhibits.has(exhibit)),
      `${id}: its exhibits are in the journal`,
    )
    t.ok(
      evidence.every((exhibit) => existsSync(path.join(folder, 'img', `${exhibit}.svg`))),
      `${id}: its exhibits are pictures`,
    )
  }
  for (const file of ['report.md', 'report.html']) {
    const text = readFileSync(path.join(folder, file), 'utf8')
    t.ok(
      FINDINGS.every((id) => text.includes(id)),
      `${file} names every finding`,
    )
    t.notMatch(text, /SWMTKN-1-[0-9a-z]/, `${file} holds no join token`)
  }
  t.notMatch(
    readFileSync(path.join(folder, 'events.jsonl'), 'utf8'),
    /SWMTKN-1-[0-9a-z]/,
    'the event log contains no join token',
  )
})

t.test('a second run and check mode report no changes', async (t) => {
  await succeeds(t, site())
  t.same(changed(), NO_CHANGE)
  await succeeds(t, site('--check', '--diff'))
  t.same([...names(results(), 'changed'), ...names(results(), 'unknown')], [])
})

t.test('experiments confirm all findings and restore the cluster', async (t) => {
  await prove(t, EXPERIMENTS)
})

t.test('a run after one killed during an experiment recovers, and the next changes nothing', async (t) => {
  const { exitCode } = await experiments(['drain'], { play: drain.name, exhibit: 'Drain node3', laterMs: 500 })
  t.equal(exitCode, null)
  await succeeds(t, site())
  await succeeds(t, site())
  t.same(changed(), NO_CHANGE)
})

down()
