import t from 'tap'
import { isAllowedOn, targetNode } from '../../../../playbooks/prove/experiments/target-node.ts'
import type { LabSetupContext } from '../../../../playbooks/messages/say.ts'
import type { StackService } from '../../../../playbooks/prove/model.ts'
import type { ProveRun, Session } from '../../../../playbooks/prove/session.ts'

const RUN = {
  named: undefined,
  inspected: { stack: 'shop', model: { services: [{ name: 'db', role: 'stateful' }] } },
} as unknown as ProveRun

/**
 * The node that is chosen while the workers are in these states, the database runs on one of them, and the services on
 * these.
 */
const chosen = (
  states: Readonly<Record<string, string>>,
  database: string,
  services: Readonly<Record<string, readonly string[]>> = {},
): Promise<string> => {
  const nodes = Object.entries(states).map(([name, state]) => `${name}   ${state}   `)
  const tasks: Readonly<Record<string, readonly string[]>> = { db: [database], ...services }
  const on = {
    groups: { swarm_workers: Object.keys(states) },
    exec: async ({ command }: { command: string }) => ({
      stdout: command.includes('node ls')
        ? ['HOSTNAME STATUS AVAILABILITY', ...nodes].join('\n')
        : (tasks[/shop_(\w+)/.exec(command)?.[1] ?? ''] ?? [])
            .map((node, i) => `t${i}\ts.${i + 1}\t${node}\tRunning\tRunning 1 hour ago\t`)
            .join('\n'),
    }),
  } as unknown as LabSetupContext
  return targetNode(
    on,
    RUN,
    Object.keys(services).map((name) => ({ name }) as StackService),
  )
}

const active = 'Ready   Active'

t.test('the last active worker without a database is disturbed', async (t) => {
  t.equal(await chosen({ node2: active, node3: active }, 'node2'), 'node3')
  t.equal(await chosen({ node2: active, node3: active }, 'node3'), 'node2')
  t.equal(await chosen({ node2: active, node3: 'Ready   Drain' }, 'node1'), 'node2', 'not the drained one')
  await t.rejects(chosen({ node2: active, node3: 'Down    Active' }, 'node2'), /every active worker runs a task/)
  await t.rejects(chosen({ node2: 'Ready   Pause' }, 'node1'), /no worker is Ready and Active/)
})

t.test('a worker whose tasks moved away is not disturbed again', async (t) => {
  const both = { node2: active, node3: active }
  const web = ['node1', 'node2']
  t.equal(await chosen(both, 'node1', { web }), 'node2')
  t.equal(await chosen(both, 'node1', { web, api: ['node3', 'node3'] }), 'node3', 'as many services, not tasks')
  t.equal(await chosen(both, 'node1', { web, api: ['node3', 'node2'] }), 'node2')
  t.equal(await chosen(both, 'node2', { web }), 'node3', 'it has no database')
})

t.test('constraints decide whether a service may run on a node', async (t) => {
  const session = {
    nodes: ['node1', 'node2'].map((hostname) => ({ hostname, attributes: { 'node.hostname': hostname } })),
  } as unknown as Session
  const service = (...constraints: string[]) => ({ constraints }) as unknown as StackService
  t.equal(isAllowedOn(session, service(), 'node2'), true)
  t.equal(isAllowedOn(session, service('node.hostname == node1'), 'node2'), false)
})
