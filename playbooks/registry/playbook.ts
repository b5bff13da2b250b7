import { gc } from './gc.ts'
import { foundation } from '../site/steps.ts'
import { registryDown, registryProof } from './steps.ts'
import { projectPlaybook } from '../project.ts'

const STEPS = { up: [...foundation, ...registryProof], gc, down: registryDown }

export default projectPlaybook({
  name: 'registry',
  description: 'Deploys the image registry and verifies it.',
  subcommands: {
    up: 'deploy and verify the registry',
    gc: 'delete unused images and free their space',
    down: 'remove it, its logins and its CA certificate; keep its images (-e registry_purge=true removes them)',
  },
  // Skips only the check that recreates the container; gc and down are refused.
  withoutPermission: 'leave out',
  steps: ([subcommand]) => STEPS[subcommand as keyof typeof STEPS],
})
