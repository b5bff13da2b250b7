import type { PlaybookStep } from 'labbook'
import type { PlainKey } from '../../messages/say.ts'
import { appProof } from '../../app/proof.ts'
import { appStack } from '../../app/stack.ts'
import { swarm } from '../../swarm/swarm.ts'
import { appPlays } from '../app.ts'
import { k3sUp } from '../install/index.ts'

/** Reference to a metric: the finding, and the name of a measured value. */
export type MetricRef = readonly [finding: string, measured: string]

/** A row of the comparison. Undefined: that side is not measured. */
export interface ComparisonRow {
  readonly what: PlainKey
  readonly swarm: MetricRef | undefined
  readonly k3s: MetricRef | undefined
}

const both = (what: PlainKey, swarm: MetricRef, k3s: MetricRef): ComparisonRow => ({ what, swarm, k3s })
const side = (what: PlainKey, measured: string): ComparisonRow => ({
  what,
  swarm: ['compare.swarm', measured],
  k3s: ['compare.k3s', measured],
})

/** Rows of the comparison, in order of display. */
export const ROWS: readonly ComparisonRow[] = [
  side('Start 4 replicas from zero', 'from no replica to 4 that answer'),
  side('Recover from a killed replica (Swarm: container, k3s: pod)', 'a replica is killed: 4 answer again'),
  both(
    'Scale out: first new replica (Swarm: by hand, k3s: autoscaler)',
    ['swarm.scale.up', 'time to scale up'],
    ['k3s.hpa.scales-out', 'time to the first pod more'],
  ),
  both('Drain a node', ['swarm.drain.evacuates', 'time to empty'], ['k3s.drain.evacuates', 'time to empty']),
  both('... failed requests', ['swarm.drain.evacuates', 'failed requests'], ['k3s.drain.evacuates', 'failed requests']),
  both(
    'Detect a node that is powered off',
    ['swarm.node-killed.replaced', 'time to Down'],
    ['k3s.node-killed.replaced', 'time to NotReady'],
  ),
  both(
    '... until all replicas run on other nodes',
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
    'Rolling update',
    ['swarm.update.no-failed-request', 'time to update'],
    ['k3s.update.no-failed-request', 'time to update'],
  ),
  both(
    '... failed requests',
    ['swarm.update.no-failed-request', 'failed requests'],
    ['k3s.update.no-failed-request', 'failed requests'],
  ),
  both(
    'Manual rollback',
    ['swarm.rollback.no-failed-request', 'time to roll back'],
    ['k3s.rollback.no-failed-request', 'time to roll back'],
  ),
  side('Capacity of 1 replica', 'capacity of 1 replica'),
  side('Capacity of 4 replicas', 'capacity of 4 replicas'),
  side('Latency at equal load, median', 'latency at equal load, median'),
  side('Latency at equal load, p95', 'latency at equal load, 95 of 100 within'),
  side('Memory of the orchestrator, all nodes', 'memory of the orchestrator, all nodes'),
  side('CPU of the orchestrator, all nodes, idle', 'CPU of the orchestrator, all nodes, at rest'),
]

/** A cell of a row that is not a number: what a finding shows, or what that side does instead. */
export type VerdictCell = { readonly finding: string; readonly yes: PlainKey } | { readonly none: PlainKey }

/** Rows of the comparison whose cells are verdicts. */
export const VERDICTS: readonly {
  readonly what: PlainKey
  readonly swarm: VerdictCell
  readonly k3s: VerdictCell
}[] = [
  {
    what: 'Autoscaling',
    swarm: { none: 'none' },
    k3s: { finding: 'k3s.hpa.scales-out', yes: 'adds pods under load' },
  },
  {
    what: 'Network policy',
    swarm: { none: 'none: networks separate services' },
    k3s: { finding: 'k3s.network.policy', yes: 'refuses what is not allowed' },
  },
  {
    what: 'Ingress',
    swarm: { finding: 'app.replicas.answer', yes: 'published port on every node' },
    k3s: { finding: 'k3s.ingress.answers', yes: 'by host name, port 80' },
  },
  {
    what: 'Storage',
    swarm: { none: 'local volume; a label pins the task to its node' },
    k3s: { finding: 'k3s.data.survives', yes: 'volume survives its pod; local to a node' },
  },
]

/** Plays that set up one side, and the task that shows that it was not there before. */
export interface SetUp {
  readonly plays: readonly string[]
  readonly task: string
}

const namesOf = (steps: readonly PlaybookStep[]): string[] => steps.map(({ name }) => name)

/** The steps that set up each side on prepared hosts, and prove the app. */
export const SET_UP: Readonly<Record<'swarm' | 'k3s', SetUp>> = {
  swarm: { plays: namesOf([...swarm, ...appStack, appProof]), task: 'Initialize Swarm' },
  k3s: { plays: namesOf([...k3sUp, ...appPlays]), task: 'Install k3s server' },
}

/** A concept, its implementation on both sides, and the findings that show it. */
export interface Concept {
  readonly concept: PlainKey
  readonly swarm: PlainKey
  readonly k3s: PlainKey
  /** Findings of each side. */
  readonly shownBy: { readonly swarm: readonly string[]; readonly k3s: readonly string[] }
}

export const CONCEPTS: readonly Concept[] = [
  {
    concept: 'Replicas',
    swarm: 'service with replicas; running tasks are never moved',
    k3s: 'Deployment with ReplicaSet and pods; running pods are never moved',
    shownBy: { swarm: ['app.replicas.answer', 'swarm.scale.up'], k3s: ['k3s.app.answers', 'k3s.pods.ready'] },
  },
  {
    concept: 'Health',
    swarm: 'one health check: unhealthy tasks are replaced',
    k3s: 'three probes: startup, readiness (receives traffic), liveness (restart on failure)',
    shownBy: { swarm: ['swarm.health.replaces'], k3s: ['k3s.pods.ready', 'k3s.pod-killed.replaced'] },
  },
  {
    concept: 'Autoscaling',
    swarm: 'none: replicas are set manually or by an external tool',
    k3s: 'HorizontalPodAutoscaler by CPU usage',
    shownBy: { swarm: ['swarm.scale.up', 'swarm.scale.down'], k3s: ['k3s.hpa.scales-out', 'k3s.hpa.scales-in'] },
  },
  {
    concept: 'Storage',
    swarm: 'local volume; a label pins the task to its node',
    k3s: 'PersistentVolumeClaim; local-path also pins the pod to its node',
    shownBy: { swarm: ['swarm.drain.evacuates'], k3s: ['k3s.data.survives'] },
  },
  {
    concept: 'Network',
    swarm: 'overlay network, DNS, routing mesh on every node (IPVS)',
    k3s: 'pod network (flannel), Services (iptables), Ingress, NetworkPolicy',
    shownBy: {
      swarm: ['app.replicas.answer', 'swarm.mesh.every-node', 'swarm.vip.balances'],
      k3s: ['k3s.app.answers', 'k3s.network.policy'],
    },
  },
  {
    concept: 'Scheduling',
    swarm: 'constraints, spread preferences, maximum replicas per node',
    k3s: 'requests, affinity, taints, topology spread constraints, PodDisruptionBudget',
    shownBy: {
      swarm: ['swarm.drain.evacuates', 'swarm.active.does-not-return', 'swarm.force-update.rebalances'],
      k3s: ['k3s.drain.evacuates', 'k3s.uncordon.does-not-return', 'k3s.restart.rebalances'],
    },
  },
  {
    concept: 'Node failure',
    swarm: 'Down after missed heartbeats; tasks are replaced at once',
    k3s: 'NotReady after 40 to 50 s; pods are evicted when their toleration expires',
    shownBy: {
      swarm: ['swarm.node-killed.replaced', 'swarm.node-killed.stays-away'],
      k3s: ['k3s.node-killed.replaced', 'k3s.node-killed.stays-away'],
    },
  },
  {
    concept: 'Configuration and secrets',
    swarm: 'immutable configs and secrets, as files; a new object per change',
    k3s: 'ConfigMap and Secret, as files or variables; a checksum annotation triggers a rollout',
    shownBy: { swarm: ['app.counter.counts'], k3s: ['k3s.config.given', 'k3s.app.counts'] },
  },
  {
    concept: 'Updates',
    swarm: 'start-first, monitored, automatic rollback',
    k3s: 'maxSurge and maxUnavailable, progress deadline, manual rollback',
    shownBy: {
      swarm: ['swarm.update.no-failed-request', 'swarm.rollback.no-failed-request'],
      k3s: ['k3s.update.no-failed-request', 'k3s.update.does-not-roll-back', 'k3s.update.rolled-back'],
    },
  },
]
