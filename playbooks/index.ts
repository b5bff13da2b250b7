/**
 * The plays of Labbook's playbooks, to build on: `import { docker, swarm } from 'labbook/playbooks'`. What is a list
 * here is a list of steps: `steps: [...labUp, docker, ...swarm, shop]`.
 */

// Hosts.
export { labDown, labUp, projectLab } from './lab/lab.ts'
export { labStatus } from './lab/status.ts'
export { endpointOf, nodeAddress } from './lab/address.ts'

// What runs on them.
export { docker } from './docker/docker.ts'
export { registryUp } from './registry/steps.ts'
export { swarm } from './swarm/swarm.ts'
export { clusterPlan as k3sPlan, k3sUp } from './k3s/install/index.ts'
export { foundation, quickStart } from './site/steps.ts'

// Apps.
export { appStack } from './app/stack.ts'
export { balancerStack } from './balancer/stack.ts'
export { deployStack, validateComposeFile } from './stack/steps.ts'

// Proofs of the app and the Swarm.
export { appProof, swarmProof } from './app/proof.ts'

// Their variables, ports and questions for the report.
export { labOptions } from './lab/options.ts'
export { PROJECT_VARS, projectPlaybook } from './project.ts'
export { REPORT_QUESTIONS } from './report-questions.ts'
