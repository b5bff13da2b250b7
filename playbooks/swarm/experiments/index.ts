import { dependsOn } from './depends-on.ts'
import { drain } from './drain.ts'
import { health } from './health.ts'
import { daemonStopped, nodeCutOff, nodeKilled } from './node-failure.ts'
import { oneOfThreeLost, onlyManagerLost } from './managers.ts'
import { mesh } from './mesh.ts'
import { meshPowerOff } from './mesh-power-off.ts'
import { audit } from '../../docker/audit.ts'
import { page } from '../../app/page.ts'
import { rebalance } from './rebalance.ts'
import { scale } from './scale.ts'
import { brokenUpdate, rollingUpdate } from './update.ts'

/** The Swarm experiments by their `experiments.mjs` names, in execution order. */
export const EXPERIMENTS = {
  drain,
  rebalance,
  'node-killed': nodeKilled,
  'daemon-stopped': daemonStopped,
  'node-cut-off': nodeCutOff,
  scale,
  update: rollingUpdate,
  'broken-update': brokenUpdate,
  health,
  'depends-on': dependsOn,
  mesh,
  'mesh-power-off': meshPowerOff,
  'one-manager': onlyManagerLost,
  page,
  audit,
} as const

/**
 * Runs only when named. Docker 20.10 does not always survive losing the leader among freshly promoted managers: in one
 * of three runs the other two elected no new leader, and one lost the stack's network until its daemon was restarted.
 */
export const OPT_IN_EXPERIMENTS = { 'three-managers': oneOfThreeLost } as const
