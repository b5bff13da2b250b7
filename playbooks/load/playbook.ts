import { appClosing, runExperiments } from '../app/closing.ts'
import { swarmProof } from '../app/proof.ts'
import { appStack } from '../app/stack.ts'
import { projectPlaybook } from '../project.ts'
import { foundation } from '../site/steps.ts'
import { swarm } from '../swarm/swarm.ts'
import { LOAD_EXPERIMENTS } from './experiments.ts'
import { loadGenerators } from './generators.ts'

/** By subcommand: `capacity` for `load-capacity` of `experiments.mjs`. */
const BY_SUBCOMMAND = Object.fromEntries(
  Object.entries(LOAD_EXPERIMENTS).map(([name, experiment]) => [name.replace(/^load-/, ''), experiment]),
)

export default projectPlaybook({
  name: 'load',
  description: 'Deploys the Counter app on the Swarm and measures it under load.',
  subcommands: {
    all: 'all load tests',
    ...Object.fromEntries(Object.entries(BY_SUBCOMMAND).map(([name, { name: title }]) => [name, title])),
  },
  multipleSubcommands: true,
  variable: 'load_trials=7',
  experiments: BY_SUBCOMMAND,
  steps: (names) => [
    ...foundation,
    ...swarm,
    ...appStack,
    swarmProof,
    loadGenerators,
    ...Object.entries(BY_SUBCOMMAND)
      .filter(([name]) => names.includes('all') || names.includes(name))
      .map(([, experiment]) => experiment),
  ],
  closing: appClosing((command) => [runExperiments(command)]),
})
