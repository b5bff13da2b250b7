import { apt, play, playbook } from 'labbook'

export default playbook({
  name: 'missing',
  description: 'Asks for a package that does not exist.',
  steps: [
    play('Missing package', { hosts: 'node1' }, () => [apt({ name: 'no-such-package-anywhere', update_cache: true })]),
  ],
})
