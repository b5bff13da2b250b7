import { type Experiment } from 'labbook'
import { labExperiment, type LabContext, type LabExperimentOptions } from '../../messages/say.ts'
import type { GeneratorScheduling } from 'labbook/load'
import { releaseGenerator, withGenerator } from '../generators.ts'
import { assertDeployed, restoreReplicas } from '../replicas.ts'
import type { LoadSettings } from '../settings.ts'
import { skipIfTooSlow } from '../slow-hosts.ts'
import { settingsOf, underLoad } from './support.ts'

type Load = Pick<LabExperimentOptions, 'hypothesis' | 'assertions' | 'questions'> & {
  /** Its name in `experiments.mjs`. */
  readonly tag: string
}

/**
 * Defines a load test of the deployed Counter app. It may change replicas and their CPU limit, which are restored.
 *
 * @param method - runs while the load generator is scheduled apart from the nodes; not at all on too slow machines.
 */
export const loadExperiment = (
  name: string,
  { tag, ...claims }: Load,
  method: (on: LabContext, settings: LoadSettings, scheduling: GeneratorScheduling) => Promise<void>,
): Experiment =>
  labExperiment(
    name,
    {
      ...claims,
      hosts: 'swarm_managers[0]',
      tags: ['experiments', 'load', tag, 'proof'],
      disturbs: underLoad('receives load tests while the Counter app is scaled'),
      steadyState: assertDeployed,
      rollback: async (on) => {
        await releaseGenerator(on)
        await restoreReplicas(on)
      },
    },
    async (on) => {
      if (await skipIfTooSlow(on)) return
      await withGenerator(on, (scheduling) => method(on, settingsOf(on), scheduling))
    },
  )
