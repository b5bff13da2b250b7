import t from 'tap'
import type { LabSetupContext } from '../../../../playbooks/messages/say.ts'
import { restoreNodes } from '../../../../playbooks/redis/experiments/support/restore-nodes.ts'

/** The hosts that are recovered, while commands on one of them fail this often. */
async function restore(failing: string, failures: number): Promise<{ tried: string[]; error: string }> {
  const tried: string[] = []
  const on = {
    hosts: ['node1'],
    groups: { swarm: ['node1', 'node2', 'node3'] },
    hostvars: () => ({}),
    exec: async ({ host = '' }: { host?: string }) => {
      tried.push(host)
      const exitCode = host === failing && tried.filter((each) => each === host).length <= failures ? 1 : 0
      return { exitCode, stdout: '', stderr: 'refused' }
    },
    watch: async () => ({ reached: true, exhibit: {} }),
  } as unknown as LabSetupContext
  const error = await restoreNodes(on).then(
    () => '',
    (reason: unknown) => (reason as Error).message,
  )
  return { tried: tried.slice(0, tried.indexOf('')), error }
}

t.test('every node is recovered, and the first failure is reported', async (t) => {
  const { tried, error } = await restore('node2', Infinity)
  t.equal(error, 'cannot recover node2 (exit code 1): refused')
  t.same(new Set(tried), new Set(['node2', 'node3']))
})

t.test('a node without power ends its partition once it has power', async (t) => {
  const { tried, error } = await restore('node3', 1)
  t.equal(error, '')
  t.equal(tried.filter((host) => host === 'node3').length, 3, 'partition, power, partition')
})
