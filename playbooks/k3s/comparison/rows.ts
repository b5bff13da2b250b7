/** Where a number is: a finding, and one of the values it measured. */
export type Place = readonly [finding: string, measured: string]

/** One thing that both do, and where each side's number is. Without a place nobody measures it on that side. */
export interface Row {
  readonly what: string
  readonly swarm: Place | undefined
  readonly k3s: Place | undefined
}

const both = (what: string, swarm: Place, k3s: Place): Row => ({ what, swarm, k3s })
const side = (what: string, measured = what): Row => ({
  what,
  swarm: ['compare.swarm', measured],
  k3s: ['compare.k3s', measured],
})

/** What is put side by side, in the order of a cluster's day. */
export const ROWS: readonly Row[] = [
  side('from no replica to 4 that answer'),
  side(
    'a replica is killed (Swarm: its container, k3s: its pod): 4 answer again',
    'a replica is killed: 4 answer again',
  ),
  both(
    'a node is emptied (drain)',
    ['swarm.drain.evacuates', 'time to empty'],
    ['k3s.drain.evacuates', 'time to empty'],
  ),
  both('... failed requests', ['swarm.drain.evacuates', 'failed requests'], ['k3s.drain.evacuates', 'failed requests']),
  both(
    'a node loses its power: it is called lost',
    ['swarm.node-killed.replaced', 'time to Down'],
    ['k3s.node-killed.replaced', 'time to NotReady'],
  ),
  both(
    '... all replicas run elsewhere',
    ['swarm.node-killed.replaced', 'time to all replicas'],
    ['k3s.node-killed.replaced', 'time to all pods'],
  ),
  both(
    '... failed requests through other nodes',
    ['swarm.node-killed.replaced', 'failed requests through other nodes'],
    ['k3s.node-killed.replaced', 'failed requests through other nodes'],
  ),
  both(
    '... longest outage through other nodes',
    ['swarm.node-killed.replaced', 'longest outage through other nodes'],
    ['k3s.node-killed.replaced', 'longest outage through other nodes'],
  ),
  both(
    'rolling update',
    ['swarm.update.no-failed-request', 'time to update'],
    ['k3s.update.no-failed-request', 'time to update'],
  ),
  both(
    '... failed requests',
    ['swarm.update.no-failed-request', 'failed requests'],
    ['k3s.update.no-failed-request', 'failed requests'],
  ),
  both(
    'rollback by hand',
    ['swarm.rollback.no-failed-request', 'time to roll back'],
    ['k3s.rollback.no-failed-request', 'time to roll back'],
  ),
  side('capacity of 1 replica'),
  side('capacity of 4 replicas'),
  side('latency at equal load, median'),
  side('latency at equal load, 95 of 100 within'),
  side('memory of the orchestrator, all nodes'),
  side('CPU of the orchestrator, all nodes, at rest'),
]

/** How the two call a thing and do it, and what shows it. */
export interface Concept {
  readonly concept: string
  readonly swarm: string
  readonly k3s: string
  /** Findings of each side. */
  readonly shownBy: { readonly swarm: readonly string[]; readonly k3s: readonly string[] }
}

export const CONCEPTS: readonly Concept[] = [
  {
    concept: 'Replicas',
    swarm: 'service with replicas; tasks, never moved while they run',
    k3s: 'Deployment, its ReplicaSet, pods; never moved while they run',
    shownBy: { swarm: ['app.replicas.answer', 'swarm.scale.up'], k3s: ['k3s.app.answers', 'k3s.pods.ready'] },
  },
  {
    concept: 'Health',
    swarm: 'one health check: unhealthy means replaced',
    k3s: 'three probes: startup, readiness (gets traffic), liveness (is restarted)',
    shownBy: { swarm: ['swarm.health.replaces'], k3s: ['k3s.pods.ready', 'k3s.pod-killed.replaced'] },
  },
  {
    concept: 'Autoscaling',
    swarm: 'none: a number, changed by hand or from outside',
    k3s: 'HorizontalPodAutoscaler by CPU use',
    shownBy: { swarm: ['swarm.scale.up', 'swarm.scale.down'], k3s: ['k3s.hpa.scales-out', 'k3s.hpa.scales-in'] },
  },
  {
    concept: 'Storage',
    swarm: 'volume of a node: the task is pinned to it by a label',
    k3s: 'claim, bound to a volume; local-path pins the pod to its node as well',
    shownBy: { swarm: ['swarm.drain.evacuates'], k3s: ['k3s.data.survives'] },
  },
  {
    concept: 'Network',
    swarm: 'overlay, names by DNS, routing mesh on every node (IPVS)',
    k3s: 'one network of all pods (flannel), Services (iptables), Ingress, NetworkPolicy',
    shownBy: {
      swarm: ['app.replicas.answer', 'swarm.mesh.every-node', 'swarm.vip.balances'],
      k3s: ['k3s.app.answers', 'k3s.network.policy'],
    },
  },
  {
    concept: 'Scheduling',
    swarm: 'constraints, spread over labels, most per node',
    k3s: 'requests, affinity, taints, topology spread, disruption budget',
    shownBy: {
      swarm: ['swarm.drain.evacuates', 'swarm.active.does-not-return', 'swarm.force-update.rebalances'],
      k3s: ['k3s.drain.evacuates', 'k3s.uncordon.does-not-return', 'k3s.restart.rebalances'],
    },
  },
  {
    concept: 'A node lost',
    swarm: 'Down when heartbeats are missing, tasks replaced at once',
    k3s: 'NotReady after 40 to 50 s, pods evicted when their toleration ends',
    shownBy: {
      swarm: ['swarm.node-killed.replaced', 'swarm.node-killed.stays-away'],
      k3s: ['k3s.node-killed.replaced', 'k3s.node-killed.stays-away'],
    },
  },
  {
    concept: 'Configuration and secrets',
    swarm: 'configs and secrets that never change, as files; a new one for a new value',
    k3s: 'ConfigMap and Secret, as files or variables; a checksum in the template starts pods anew',
    shownBy: { swarm: ['app.counter.counts'], k3s: ['k3s.config.given', 'k3s.app.counts'] },
  },
  {
    concept: 'Updates',
    swarm: 'start-first, watched, rolled back by itself',
    k3s: 'surge and unavailable, watched until a deadline, rolled back by hand',
    shownBy: {
      swarm: ['swarm.update.no-failed-request', 'swarm.rollback.no-failed-request'],
      k3s: ['k3s.update.no-failed-request', 'k3s.update.does-not-roll-back', 'k3s.update.rolled-back'],
    },
  },
]
