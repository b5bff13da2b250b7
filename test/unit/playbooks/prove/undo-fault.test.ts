import t from 'tap'
import { undoFault } from '../../../../playbooks/prove/experiments/node-experiment.ts'

/** The hosts that are recovered, while one is unreachable. */
async function undo(unreachable: string): Promise<{ tried: string[]; error: string }> {
  const tried: string[] = []
  const on = {
    hosts: ['node1'],
    groups: { swarm: ['node1', 'node2', 'node3'] },
    hostvars: () => ({}),
    exec: async ({ host = '', command }: { host?: string; command: string }) => {
      tried.push(`${host} ${command.includes('iptables') ? 'registry' : 'active'}`)
      if (host === unreachable) throw new Error(`${host} is unreachable`)
      return { exitCode: 0, stdout: '', stderr: '' }
    },
  }
  const error = await undoFault(on, 'registry-away', 'node3').then(
    () => '',
    (reason: unknown) => (reason as Error).message,
  )
  return { tried, error }
}

t.test('a host that is unreachable does not keep the others from being recovered', async (t) => {
  const all = ['node1 registry', 'node2 registry', 'node3 registry', 'node1 active']
  t.same(await undo(''), { tried: all, error: '' })
  t.same(await undo('node2'), { tried: all, error: 'node2 is unreachable' })
  t.same(await undo('node1'), { tried: all, error: 'node1 is unreachable' })
})
