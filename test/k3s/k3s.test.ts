import { runPlaybook } from '../support/playbook.ts'
import { changed, findings, taskNames, part, assertSucceeds, vars } from './results.ts'
import { artifacts, inconclusive, oneAtATime, createTestLab, restartedHosts, HEALTHY } from './support.ts'

/*
 * One server and two agents, on hosts that ran the Swarm before. Steps that need a failed one are reported as not run.
 */

const ARTIFACTS = vars({ k3s_artifacts: artifacts() })
const here = await createTestLab()
const INVENTORY = here.inventory()
const k3s = (subcommand: string, ...more: string[]) =>
  runPlaybook('playbooks/k3s.mjs', [subcommand, ...INVENTORY, ...ARTIFACTS, ...more])

const UP = 'up installs k3s on the same hosts and deploys the app from the registry'

await part('measure-swarm measures the app on a Swarm', async (t) => {
  await assertSucceeds(t, runPlaybook('playbooks/app.mjs', INVENTORY))
  await assertSucceeds(t, runPlaybook('playbooks/k3s.mjs', ['measure-swarm', ...INVENTORY]))
  t.match(findings(), { 'compare.swarm': true })
})

await part(UP, async (t) => {
  await assertSucceeds(t, k3s('up'))
  t.match(findings(), HEALTHY)
  t.strictSame(restartedHosts(), ['node1', 'node2', 'node3'])
})

await part(
  'a second run of up changes nothing',
  async (t) => {
    await assertSucceeds(t, k3s('up'))
    t.strictSame(taskNames(changed()), [])
  },
  [UP],
)

await part(
  'a configuration change restarts one node at a time',
  async (t) => {
    await assertSucceeds(t, k3s('up', ...vars({ k3s_config: { 'kubelet-arg': ['max-pods=100'] } })))
    t.strictSame(restartedHosts(), ['node1', 'node2', 'node3'])
    t.ok(oneAtATime(), 'each node is Ready before the next one restarts')
    await assertSucceeds(t, k3s('up'))
  },
  [UP],
)

await part(
  'full --tags k3s runs all k3s experiments and measurements',
  async (t) => {
    await assertSucceeds(t, runPlaybook('playbooks/full.mjs', ['--tags', 'k3s', ...INVENTORY, ...ARTIFACTS]))
    const found = findings()
    t.match(found, { 'compare.k3s': true })
    t.ok(Object.keys(found).length > 15)
    t.strictSame(
      Object.fromEntries(Object.entries(found).filter(([id, holds]) => holds !== true && id !== 'compare.complete')),
      Object.fromEntries(inconclusive().map((id) => [id, null])),
      'all findings hold but compare.complete, since no experiments ran on the Swarm, and those without a component',
    )
  },
  [UP],
)

await part('reset removes everything, and k3s can be installed again', async (t) => {
  await assertSucceeds(t, k3s('reset'))
  await assertSucceeds(t, k3s('reset'))
  t.strictSame(taskNames(changed()), [])
  await assertSucceeds(t, k3s('up'))
  t.match(findings(), HEALTHY)
  await here.remove(t)
})
