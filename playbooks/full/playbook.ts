import { tagged } from 'labbook'
import { appClosing } from '../app/closing.ts'
import { appPlays } from '../k3s/app.ts'
import { comparison, measureK3s } from '../k3s/comparison/index.ts'
import { K3S_EXPERIMENTS } from '../k3s/experiments/index.ts'
import { clusterPlan, k3sUp } from '../k3s/install/index.ts'
import { LOAD_EXPERIMENTS } from '../load/experiments.ts'
import { loadGenerators } from '../load/generators.ts'
import { foundation, quickStart } from '../site/steps.ts'
import { EXPERIMENTS } from '../swarm/experiments/index.ts'
import { REDIS_BY_TAG } from '../redis/experiments/index.ts'
import { projectPlaybook } from '../project.ts'

/** Needs artifacts or the internet, so only `--tags k3s` selects it, with its prerequisites. */
const k3s = [...k3sUp, ...appPlays, measureK3s, ...Object.values(K3S_EXPERIMENTS), comparison]
const experiments = Object.values(EXPERIMENTS).filter((experiment) => !quickStart.includes(experiment))

export default projectPlaybook({
  name: 'full',
  description: 'Runs the quick start, all experiments and the load tests in one run with one report.',
  variable: 'counter_replicas=6',
  steps: [
    ...tagged('never', [clusterPlan]),
    ...tagged('k3s', foundation),
    ...quickStart,
    ...experiments,
    loadGenerators,
    ...Object.values(LOAD_EXPERIMENTS),
    ...REDIS_BY_TAG,
    ...tagged('never', tagged('k3s', k3s)),
  ],
  closing: appClosing(() => []),
})
