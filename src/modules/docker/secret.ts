import { alwaysSecret } from '../support/params.ts'
import { defineModule } from '../task.ts'
import { planSwarmFile, swarmFileParts, swarmFileSchema, type SwarmFile } from './swarm-files.ts'

const schema = swarmFileSchema({
  /**
   * What it holds. Docker shows it to nobody, so a secret that is there is taken to hold this: let the name say which
   * it is.
   */
  data: alwaysSecret.optional(),
})

/**
 * A secret of the Swarm; runs on a manager. What it holds travels on stdin, and one that is there is never made anew.
 */
export const docker_secret = defineModule<typeof schema, SwarmFile>({
  name: 'docker_secret',
  schema,
  ...swarmFileParts('secret'),
  plan: (params, observed) => planSwarmFile('secret', params, observed, () => undefined),
})
