import { playbook, type Playbook } from 'labbook'
import { appVars } from './app/vars.ts'
import { balancerVars } from './balancer/vars.ts'
import { dockerVars } from './docker/vars.ts'
import { kubernetesProveVars } from './k3s/prove/vars.ts'
import { k3sAppVars, k3sVars } from './k3s/vars.ts'
import { labOptions } from './lab/options.ts'
import { loadVars } from './load/vars.ts'
import { proveVars } from './prove/vars.ts'
import { redisVars } from './redis/vars.ts'
import { registryVars } from './registry/vars.ts'
import { REPORT_QUESTIONS } from './report-questions.ts'
import { stackVars } from './stack/vars.ts'
import { swarmVars } from './swarm/vars.ts'

/** The variables of all areas, in the order of docs/variables.md. */
export const PROJECT_VARS = [
  appVars,
  balancerVars,
  dockerVars,
  k3sVars,
  k3sAppVars,
  loadVars,
  proveVars,
  kubernetesProveVars,
  redisVars,
  registryVars,
  stackVars,
  swarmVars,
]

/** Declares a playbook of this project: they share their lab, their variables and the report's questions. */
export const projectPlaybook = (definition: Playbook): Playbook =>
  playbook({ vars: PROJECT_VARS, lab: labOptions, reportQuestions: REPORT_QUESTIONS, ...definition })
