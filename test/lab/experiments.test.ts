import { existsSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { nodeKilled } from '../../playbooks/swarm/experiments/loss.ts'
import { latestRun } from '../support/playbook.ts'
import { changed, experiments, NO_CHANGE, provision, site, startStory, succeeds } from './site.ts'

/* Experiments on the real lab: what they prove, and an interrupted one. */

/** Experiments that are done here, and how many findings they make. */
const EXPERIMENTS = { drain: 3, 'node-killed': 2, scale: 2, update: 3, 'broken-update': 2, 'depends-on': 2 }

const down = await startStory()
provision()

t.test('experiments prove what they claim, and leave the cluster as it was', async (t) => {
  await succeeds(t, experiments(Object.keys(EXPERIMENTS)))
  const { folder, events, ...run } = latestRun()
  const { findings } = run.summary()
  t.same(findings.filter(({ holds }) => holds !== true), [])
  t.equal(findings.length, 1 + Object.values(EXPERIMENTS).reduce((sum, n) => sum + n, 0), 'and that of the Swarm')
  const timelines = events.flatMap((event) => (event.type === 'exhibit' && event.chart ? [event] : []))
  t.equal(timelines.length, Object.keys(EXPERIMENTS).length - 1, 'a timeline of each, but for depends-on')
  for (const { id, chart, data } of timelines) {
    t.ok(chart?.kind === 'timeline' && chart.bars.length >= 5 && (chart.requests ?? []).length > 5, `${id}: tasks and requests`)
    t.match(data?.find(({ name }) => name === 'requests.csv')?.text, /^at_s,ms,door,method,status,replica,node,error\n\d+\./)
    t.ok(existsSync(path.join(folder, 'img', `${id}.svg`)), `${id} is drawn`)
  }
  await succeeds(t, site())
  t.same(changed(), NO_CHANGE)
})

t.test('an experiment that is interrupted puts back what it has disturbed', async (t) => {
  const { exitCode } = await experiments(['node-killed'], { play: nodeKilled.name, exhibit: 'node3 is Down', laterMs: 500, signal: 'SIGINT' })
  t.equal(exitCode, 130)
  const events = latestRun().events
  t.ok(events.some((event) => event.type === 'exhibit' && event.title === 'node3 loses its power'), 'it had lost its power')
  t.match(events.at(-1), { type: 'run_end', status: 'interrupted' })
  await succeeds(t, site())
  t.same(changed(), NO_CHANGE)
  t.ok(existsSync(path.join(latestRun().folder, 'report.html')))
})

down()
