/** Asks one question and prints the answer as JSON. */
import { promptHosts, promptPassword, Cancelled, confirm } from '../../../../src/ui/index.ts'

const hosts = [
  { name: 'node1', groups: ['managers', 'docker'] },
  { name: 'node2', groups: ['workers'] },
  { name: 'node3', groups: ['workers'] },
]
const questions: Record<string, () => Promise<unknown>> = {
  hosts: () => promptHosts(hosts),
  password: async () => {
    const password = await promptPassword('BECOME password')
    return [String(password), password.reveal() === 's3cret']
  },
  confirm: () => confirm('Remove the lab?'),
}

try {
  process.stdout.write(`ANSWER ${JSON.stringify(await questions[process.argv[2] ?? '']?.())}\n`)
} catch (error) {
  process.stdout.write(error instanceof Cancelled ? 'CANCELLED\n' : `ERROR ${String(error)}\n`)
}
