import { runPlaybook } from '../support/playbook.ts'
import {
  artifacts,
  changed,
  findings,
  namesOf,
  oneAtATime,
  part,
  place,
  succeeds,
  touched,
  vars,
  WELL,
} from './support.ts'

/*
 * One server and two agents, on machines that ran the Swarm a minute ago. One story; each part needs the one before, so
 * what comes after a failure is not done.
 */

const ARTIFACTS = vars({ k3s_artifacts: artifacts() })
const here = await place()
const INVENTORY = here.inventory()
const k3s = (word: string, ...more: string[]) =>
  runPlaybook('playbooks/k3s.mjs', [word, ...INVENTORY, ...ARTIFACTS, ...more])

await part('what the app gives and costs on a Swarm', async (t) => {
  await succeeds(t, runPlaybook('playbooks/app.mjs', INVENTORY))
  await succeeds(t, runPlaybook('playbooks/k3s.mjs', ['measure-swarm', ...INVENTORY]))
  t.match(findings(), { 'compare.swarm': true })
})

await part('the same machines become a k3s cluster that serves the app from our registry', async (t) => {
  await succeeds(t, k3s('up'))
  t.match(findings(), WELL)
  t.strictSame(touched(), ['node1', 'node2', 'node3'])
})

await part('a second time nothing is to be done', async (t) => {
  await succeeds(t, k3s('up'))
  t.strictSame(namesOf(changed()), [])
})

await part('a change of the configuration restarts one node after the other', async (t) => {
  await succeeds(t, k3s('up', ...vars({ k3s_config: { 'kubelet-arg': ['max-pods=100'] } })))
  t.strictSame(touched(), ['node1', 'node2', 'node3'])
  t.ok(oneAtATime(), 'each was Ready before the next was touched')
  await succeeds(t, k3s('up'))
})

await part(
  'the experiments, and what it gives and costs: with no more said than where the artifacts are',
  async (t) => {
    await succeeds(t, runPlaybook('playbooks/full.mjs', ['--tags', 'k3s', ...INVENTORY, ...ARTIFACTS]))
    const found = findings()
    t.match(found, { 'compare.k3s': true })
    t.ok(Object.keys(found).length > 15)
    t.strictSame(
      Object.entries(found).filter(([id, holds]) => holds !== true && id !== 'compare.complete'),
      [],
      'of the Swarm no experiments were run',
    )
  },
)

await part('reset leaves nothing, and it can be installed again', async (t) => {
  await succeeds(t, k3s('reset'))
  await succeeds(t, k3s('reset'))
  t.strictSame(namesOf(changed()), [])
  await succeeds(t, k3s('up'))
  t.match(findings(), WELL)
  await here.gone(t)
})
