import { docker } from '../../playbooks/docker/docker.ts'
import { imageBase, pushImages } from '../../playbooks/app/images/images.ts'
import { labUp } from '../../playbooks/lab/lab.ts'
import { swarm } from '../../playbooks/swarm/swarm.ts'
import type { RunEvent } from '../../src/events/events.ts'
import { latestRun, runPlaybook, type KillPoint } from '../support/playbook.ts'
import { changed, NO_CHANGE, PROVISION, site, startStory, succeeds } from './site.ts'

/* A runner that is killed repeatedly during a clean install, each time a bit later. */

/** By play, not by time: a fast machine may have finished. */
const KILLS: readonly KillPoint[] = [
  { play: labUp[0]?.name ?? '', laterMs: 1000 },
  { play: docker.name, laterMs: 4000 },
  { play: swarm[0].name, laterMs: 300 },
  { play: imageBase.name, laterMs: 8000 },
  { play: pushImages.name, laterMs: 1500 },
]
const hasStarted = ({ play }: KillPoint, events: readonly RunEvent[]): boolean =>
  events.some((event) => event.type === 'play_start' && event.play === play)

const { step, down } = await startStory()

for (const kill of KILLS)
  void step(`the runner is killed ${kill.laterMs} ms after the start of play "${kill.play}"`, async (t) => {
    await runPlaybook('playbooks/site.mjs', PROVISION, { kill })
    const { events } = latestRun()
    t.equal(hasStarted(kill, events), true, `play "${kill.play}" has started`)
    t.equal(events.at(-1)?.type === 'run_end', false, `the run in play "${kill.play}" does not end by itself`)
  })

void step('a run after five killed ones succeeds, and the next changes nothing', async (t) => {
  await succeeds(t, site())
  await succeeds(t, site())
  t.same(changed(), NO_CHANGE)
})

down()
