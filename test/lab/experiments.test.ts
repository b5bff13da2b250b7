import { existsSync } from 'node:fs'
import path from 'node:path'
import { nodeKilled } from '../../playbooks/swarm/experiments/node-failure.ts'
import { latestRun } from '../support/playbook.ts'
import { changed, experiments, NO_CHANGE, PROVISIONED, provision, prove, site, startStory, succeeds } from './site.ts'

/* Experiments on the real lab: their findings, and an interruption. */

/** Experiments and their number of findings; for others see site.test.ts. */
const EXPERIMENTS = { scale: 2, update: 3, 'broken-update': 2, 'depends-on': 2 }

const { step, down } = await startStory()
provision(step)

void step('experiments confirm all findings and restore the cluster', (t) => prove(t, EXPERIMENTS, ['depends-on']), [
  PROVISIONED,
])

void step(
  'an interrupted experiment rolls back its fault',
  async (t) => {
    const { exitCode } = await experiments(['node-killed'], {
      play: nodeKilled.name,
      exhibit: 'Nodes until node3 is Down',
      laterMs: 500,
      signal: 'SIGINT',
    })
    t.equal(exitCode, 130)
    const events = latestRun().events
    t.ok(
      events.some((event) => event.type === 'exhibit' && event.title === 'node3 loses power'),
      'the fault was injected',
    )
    t.match(events.at(-1), { type: 'run_end', status: 'interrupted' })
    await succeeds(t, site())
    t.same(changed(), NO_CHANGE)
    t.ok(existsSync(path.join(latestRun().directory, 'report.html')))
  },
  [PROVISIONED],
)

down()
