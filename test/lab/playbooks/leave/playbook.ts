import { docker_swarm, play, playbook } from 'labbook'

export default playbook({
  name: 'leave',
  description: 'Takes node2 out of the Swarm without telling the manager.',
  steps: [play('Leave', { hosts: 'node2' }, () => [docker_swarm({ state: 'absent', force: true })])],
})
