import { defineVars, varTypes } from 'labbook'

export const swarmVars = defineVars('swarm', {
  swarm_advertise_addr: {
    refersTo: 'machine',
    schema: varTypes.text(),
    shownDefault: '`lab_address`, else `ansible_host`',
    description: 'address at which the other nodes reach this one',
  },
  swarm_availability: {
    schema: varTypes.oneOf(['active', 'pause', 'drain']),
    default: 'active',
    description: 'availability of the node',
  },
  swarm_labels: {
    refersTo: 'machine',
    schema: varTypes.labels('{zone: a}'),
    default: {},
    description: 'labels of the node',
  },
  swarm_force: {
    refersTo: 'machine',
    schema: varTypes.boolean(),
    default: false,
    description: 'the host leaves another Swarm to join this one, which stops its tasks there; lab nodes always do',
  },
})
