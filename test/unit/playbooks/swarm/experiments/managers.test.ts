import t from 'tap'
import { oneOfThreeLost } from '../../../../../playbooks/swarm/experiments/managers.ts'
import type { SetupContext } from '../../../../../src/playbook/experiment.ts'

t.test('three-managers restarts a daemon once its demotion is complete, and then asks the daemon', async (t) => {
  const calls: string[] = []
  const unused = () => {
    throw new Error('not called')
  }
  const command = ({ host, command: text }: { host?: string; command: string }): string =>
    `${host ?? 'manager'}: ${text.split('\n')[0]}`
  const on = {
    hosts: ['node1'],
    groups: { swarm: ['node1', 'node2', 'node3'], swarm_managers: ['node1'] },
    hostvars: () => ({}),
    timeoutMultiplier: 1,
    signal: new AbortController().signal,
    exec: async (what: { host?: string; command: string }) => {
      calls.push(command(what))
      return { exitCode: 0, stdout: '', stderr: '' }
    },
    // Until the stack, of which this test has none.
    watch: async (what: { host?: string; command: string; until: (result: object) => boolean }) => {
      calls.push(command(what))
      if (what.command.includes('LocalNodeState'))
        t.same(
          ['active true', 'pending false', 'active false'].map((stdout) => what.until({ stdout, exitCode: 0 })),
          [false, false, true],
          command(what),
        )
      return { reached: !what.command.startsWith('echo'), seconds: 0, exhibit: {} }
    },
    exhibit: unused,
    record: unused,
  }
  await t.rejects(oneOfThreeLost.rollback?.(on as unknown as SetupContext) ?? Promise.resolve(), /did not converge/)
  for (const host of ['node2', 'node3'])
    t.same(
      calls.filter((call) => call.startsWith(`${host}:`)),
      [
        `${host}: docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}'`,
        `${host}: systemctl restart docker`,
        `${host}: docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}'`,
      ],
    )
})

t.test('three-managers does not restart the daemon of a node that is still a manager', async (t) => {
  const commands: string[] = []
  const on = {
    hosts: ['node1'],
    groups: { swarm: ['node1', 'node2', 'node3'], swarm_managers: ['node1'] },
    hostvars: () => ({}),
    timeoutMultiplier: 1,
    exec: async ({ command }: { command: string }) => {
      commands.push(command)
      return { exitCode: 0, stdout: '', stderr: '' }
    },
    watch: async ({ command }: { command: string }) => ({
      reached: !command.includes('LocalNodeState'),
      seconds: 0,
      exhibit: { id: 'role' },
    }),
  }
  await t.rejects(
    oneOfThreeLost.rollback?.(on as unknown as SetupContext) ?? Promise.resolve(),
    /node2 is not a worker after its demotion \(see exhibit "role"\)/,
  )
  t.notOk(commands.some((command) => command.includes('restart docker')))
})

t.test('a manager that cannot be recovered fails the rollback', async (t) => {
  const on = {
    hosts: ['node1'],
    groups: { swarm: ['node1', 'node2'], swarm_managers: ['node1'] },
    hostvars: () => ({}),
    timeoutMultiplier: 1,
    exec: async () => ({ exitCode: 1, stdout: '', stderr: 'no such machine\n' }),
  }
  await t.rejects(
    oneOfThreeLost.rollback?.(on as unknown as SetupContext) ?? Promise.resolve(),
    /cannot recover node1 \(exit code 1\): no such machine/,
  )
})
