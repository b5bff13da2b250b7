import { play, playbook, shell } from '../../../src/labbook.ts'

/** Says as whom it runs, and the address of the host. */
export default playbook({
  name: 'whoami',
  description: 'Says who it is.',
  steps: [
    play('Say who', { hosts: 'all' }, () => [
      shell('Say user and address', {
        cmd: 'echo "$(id -un) on $(ip -4 -o addr show dev eth9 | tr -s " " | cut -d " " -f 4)"',
      }),
    ]),
  ],
})
