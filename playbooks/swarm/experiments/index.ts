import { dependsOn } from './depends-on.ts'
import { drain } from './drain.ts'
import { health } from './health.ts'
import { daemonStopped, nodeCutOff, nodeKilled } from './loss.ts'
import { oneOfThreeLost, onlyManagerLost } from './managers.ts'
import { mesh, meshPowerOff } from './mesh.ts'
import { scale } from './scale.ts'
import { brokenUpdate, rollingUpdate } from './update.ts'

/** The Swarm's experiments by the names that `experiments.mjs` takes, in the order they are done in. */
export const EXPERIMENTS = {
  drain,
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
} as const

/**
 * Done only when asked for by name. Docker 20.10 does not always survive the loss of a leader among managers that were
 * workers a minute ago: once in three times the two that were left chose no new one, and one of them lost the stack's
 * network until its daemon was restarted.
 */
export const BY_NAME = { 'three-managers': oneOfThreeLost } as const
