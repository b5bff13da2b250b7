import t from 'tap'
import { health } from '../../../../../playbooks/swarm/experiments/health.ts'
import { onlyManagerLost } from '../../../../../playbooks/swarm/experiments/managers.ts'
import type { ExperimentContext } from '../../../../../src/playbook/experiment.ts'

const EXPERIMENTS = { health, 'one-manager': onlyManagerLost }

for (const [name, { method }] of Object.entries(EXPERIMENTS))
  t.test(`${name} places a replica on the node that needs one, where an earlier experiment left none`, async (t) => {
    const commands: string[] = []
    const on = {
      hosts: ['node1'],
      groups: { swarm: ['node1', 'node2', 'node3'], swarm_managers: ['node1'], swarm_workers: ['node2'] },
      hostvars: () => ({}),
      timeoutMultiplier: 1,
      signal: new AbortController().signal,
      exec: async ({ command }: { command: string }) => {
        commands.push(command)
        return { stdout: '', stderr: '', exitCode: 0 }
      },
      watch: async ({ within }: { within: number }) => {
        if (within === 180) throw new Error('interrupted')
        return { reached: true, seconds: 0, exhibit: {} }
      },
    }
    await t.rejects(Promise.resolve(method(on as unknown as ExperimentContext)), /interrupted/)
    t.match(
      commands.filter((command) => command.startsWith('docker service scale')),
      [/=5$/, /=4$/],
    )
  })
