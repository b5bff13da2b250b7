import { command, play, playbook } from '../../../src/labbook.ts'

const trivial = play('Trivial', { hosts: 'all' }, () => [command({ cmd: 'true', read_only: true })])

export default playbook({ name: 'trivial', description: 'Benchmark: one trivial task.', steps: [trivial] })
