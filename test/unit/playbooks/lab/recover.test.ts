import { machineFaults } from 'labbook/lab'
import t from 'tap'
import { recoverFrom } from '../../../../playbooks/lab/recover.ts'

t.test('a recovery that fails is an error', async (t) => {
  const recover = (exitCode: number): Promise<void> => {
    const on = { exec: async () => ({ exitCode, stdout: '', stderr: 'iptables: locked\n' }) }
    return recoverFrom(on, 'node1', machineFaults('node1').partition)
  }
  await t.resolves(recover(0))
  await t.rejects(recover(4), { message: 'cannot recover node1 (exit code 4): iptables: locked' })
})
