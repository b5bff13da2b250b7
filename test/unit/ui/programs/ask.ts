/** Asks one question and prints the answer as JSON. */
import { askHosts, askPassword, Cancelled, confirm } from '../../../../src/ui/index.ts'

const hosts = [
  { name: 'node1', groups: ['managers', 'docker'] },
  { name: 'node2', groups: ['workers'] },
  { name: 'node3', groups: ['workers'] },
]
const questions: Record<string, () => Promise<unknown>> = {
  hosts: () => askHosts(hosts),
  password: async () => {
    const password = await askPassword('BECOME password')
    return [String(password), password.reveal() === 's3cret']
  },
  confirm: () => confirm('Remove the lab?'),
}

try {
  process.stdout.write(`ANSWER ${JSON.stringify(await questions[process.argv[2] ?? '']?.())}\n`)
} catch (error) {
  process.stdout.write(error instanceof Cancelled ? 'CANCELLED\n' : `ERROR ${String(error)}\n`)
}
