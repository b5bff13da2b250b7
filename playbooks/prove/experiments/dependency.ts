import { say } from '../../messages/say.ts'
import { dependencyExperiment } from '../../methods/dependency-experiment.ts'
import { SWARM } from '../swarm.ts'
import type { StackExperiment } from './service-experiment.ts'

/** Scales a service to 0 for a while. */
export const dependency: StackExperiment = dependencyExperiment(SWARM, {
  hypothesis: 'Services that use it fail requests meanwhile, and work again once it is back, without help.',
  recovers: (name) => say('The stack recovers by itself after {name} was away', { name }),
})
