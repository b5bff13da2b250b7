import { defineVars, varTypes } from 'labbook'

export const balancerVars = defineVars('balancer', {
  balancer: { schema: varTypes.oneOf(['nginx', 'haproxy']), default: 'haproxy', description: 'the load balancer' },
  balancer_sticky: {
    schema: varTypes.boolean(),
    default: false,
    description: 'a client stays with one replica, by a cookie for each app',
  },
  balancer_port: { schema: varTypes.integer(1, 65_535), default: 8090, description: 'its port on each node' },
  balancer_replicas: { schema: varTypes.integer(1, 50), default: 2, description: 'replicas of each app' },
})
