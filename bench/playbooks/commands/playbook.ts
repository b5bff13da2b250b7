import { command, play, playbook } from '../../../src/labbook.ts'

const commands = play('Commands', { hosts: 'all' }, () =>
  Array.from({ length: 100 }, (_, number) => command({ cmd: `/bin/echo ${String(number)}`, read_only: true })),
)

export default playbook({ name: 'commands', description: 'Benchmark: 100 trivial commands.', steps: [commands] })
