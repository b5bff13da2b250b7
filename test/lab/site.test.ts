import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { drain } from '../../playbooks/swarm/experiments/drain.ts'
import type { TaskResult } from '../../src/events/events.ts'
import { latestRun } from '../support/playbook.ts'
import { changed, experiments, lab, NO_CHANGE, prove, results, site, startStory, succeeds } from './site.ts'

/*
 * The scenario of `npm test` on the real lab: namespaces with systemd and sshd, Docker, Swarm, the app, from a clean
 * install to down. Steps that need a failed one are reported as not run. Other tests on the lab run with
 * `npm run test:all`.
 */

const FINDINGS = [
  'registry.tls.verified',
  'registry.untrusted.refused',
  'registry.plain-http.refused',
  'registry.anonymous.refused',
  'registry.login.accepted',
  'registry.login.refused',
  'registry.push.https',
  'registry.pull.anonymous-refused',
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

const { step, down } = await startStory()
const FIRST_RUN = 'check mode before the first run predicts its changes'

void step('lab.mjs up creates the lab', async (t) => {
  await succeeds(t, lab('up'))
})

void step(
  FIRST_RUN,
  async (t) => {
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
      'the run makes every predicted change',
    )
    t.same(
      [...does].filter((name) => !mayDo.has(name)),
      [],
      'the run makes no unpredicted change',
    )
    const descriptions = (list: readonly TaskResult[]) =>
      new Map(
        list.map((result) => [`${result.host} ${result.task}`, result.changes.map(({ description }) => description)]),
      )
    const said = descriptions(predicted.filter(({ status }) => status === 'changed'))
    const made = descriptions(done)
    for (const [task, changes] of said) t.same(made.get(task), changes, `${task}: the run makes the predicted changes`)
  },
  ['lab.mjs up creates the lab'],
)

void step(
  'the first run confirms all findings',
  async (t) => {
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
        `exhibits of ${id} are in the event log`,
      )
      t.ok(
        evidence.every((exhibit) => existsSync(path.join(folder, 'img', `${exhibit}.svg`))),
        `exhibits of ${id} are drawn`,
      )
    }
    for (const file of ['report.md', 'report.html']) {
      const text = readFileSync(path.join(folder, file), 'utf8')
      t.ok(
        FINDINGS.every((id) => text.includes(id)),
        `${file} names every finding`,
      )
      t.notMatch(text, /SWMTKN-1-[0-9a-z]/, `${file} contains no join token`)
    }
    t.notMatch(
      readFileSync(path.join(folder, 'events.jsonl'), 'utf8'),
      /SWMTKN-1-[0-9a-z]/,
      'the event log contains no join token',
    )
  },
  [FIRST_RUN],
)

void step(
  'a second run changes nothing',
  async (t) => {
    await succeeds(t, site())
    t.same(changed(), NO_CHANGE)
  },
  [FIRST_RUN],
)

void step(
  'check mode after the second run predicts no change',
  async (t) => {
    await succeeds(t, site('--check', '--diff'))
    t.same([...names(results(), 'changed'), ...names(results(), 'unknown')], [])
  },
  [FIRST_RUN],
)

void step('experiments confirm all findings and restore the cluster', (t) => prove(t, EXPERIMENTS), [FIRST_RUN])

void step(
  'a run after one killed during an experiment recovers, and the next changes nothing',
  async (t) => {
    const { exitCode } = await experiments(['drain'], { play: drain.name, exhibit: 'node3 is drained', laterMs: 500 })
    t.equal(exitCode, null, 'the run with the experiment is killed')
    await succeeds(t, site())
    await succeeds(t, site())
    t.same(changed(), NO_CHANGE)
  },
  [FIRST_RUN],
)

down()
