import type { SetupContext } from 'labbook'
import t from 'tap'
import { targetNode } from '../../../../playbooks/prove/experiments/target-node.ts'
import type { ProveRun } from '../../../../playbooks/prove/session.ts'

const RUN = {
  named: undefined,
  inspected: { stack: 'shop', model: { services: [{ name: 'db', role: 'stateful' }] } },
} as unknown as ProveRun

/** The node that is chosen while the workers are in these states, and the database runs on one of them. */
const chosen = (states: Readonly<Record<string, string>>, database: string): Promise<string> => {
  const nodes = Object.entries(states).map(([name, state]) => `${name}   ${state}   `)
  const on = {
    groups: { swarm_workers: Object.keys(states) },
    exec: async ({ command }: { command: string }) => ({
      stdout: command.includes('node ls')
        ? ['HOSTNAME STATUS AVAILABILITY', ...nodes].join('\n')
        : `t1\tdb.1\t${database}\tRunning\tRunning 1 hour ago\t`,
    }),
  } as unknown as SetupContext
  return targetNode(on, RUN)
}

t.test('the last active worker without a database is disturbed', async (t) => {
  const active = 'Ready   Active'
  t.equal(await chosen({ node2: active, node3: active }, 'node2'), 'node3')
  t.equal(await chosen({ node2: active, node3: active }, 'node3'), 'node2')
  t.equal(await chosen({ node2: active, node3: 'Ready   Drain' }, 'node1'), 'node2', 'not the drained one')
  await t.rejects(chosen({ node2: active, node3: 'Down    Active' }, 'node2'), /every active worker runs a task/)
  await t.rejects(chosen({ node2: 'Ready   Pause' }, 'node1'), /no worker is Ready and Active/)
})
