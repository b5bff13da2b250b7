import { defineVars, varTypes } from 'labbook'

export const appVars = defineVars('app', {
  counter_replicas: { schema: varTypes.integer(0, 1000), default: 4, description: 'replicas of the Counter app' },
  counter_max_per_node: {
    schema: varTypes.integer(0, 1000),
    default: 2,
    description: 'most replicas on one node of the Swarm; 0: no limit',
  },
  counter_port: {
    schema: varTypes.integer(1, 65_535),
    default: 8080,
    description: 'port of the Counter app on each node',
  },
  image_source: {
    schema: varTypes.oneOf(['auto', 'hub', 'debian']),
    default: 'auto',
    description: 'what images are built from: Docker Hub or Debian packages; `auto`: `hub` if the builder reaches it',
  },
})
