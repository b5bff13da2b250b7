import type { LabOptions } from 'labbook/lab'
import { appVars } from '../app/vars.ts'
import { balancerVars } from '../balancer/vars.ts'
import { registryVars } from '../registry/vars.ts'

/** The Kubernetes API, and the apps that experiments deploy. */
const FURTHER_PORTS = [6443, 8091, 8092, 8093, 8094, 8095, 8096]

/** What this project's playbooks publish on the nodes of its lab. */
export const labOptions: LabOptions = {
  publishedPorts: (vars) => [
    appVars.read(vars).counter_port,
    balancerVars.read(vars).balancer_port,
    registryVars.read(vars).registry_port,
    ...FURTHER_PORTS,
  ],
  removeCommand: 'npx zx playbooks/lab.mjs down',
}
