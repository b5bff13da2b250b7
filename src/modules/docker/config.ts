import { reveal } from '../../values/secret.ts'
import { secretText } from '../support/params.ts'
import { defineModule } from '../task.ts'
import { planSwarmFile, swarmFileParts, swarmFileSchema, type SwarmFile } from './swarm-files.ts'

const schema = swarmFileSchema({
  /** What it holds; whoever may talk to a manager can read it. */
  data: secretText.optional(),
})

/**
 * A config of the Swarm; runs on a manager. One that holds something else is a problem, as services may use it and it
 * cannot be changed.
 */
export const docker_config = defineModule<typeof schema, SwarmFile>({
  name: 'docker_config',
  schema,
  ...swarmFileParts('config'),
  plan: (params, observed) =>
    planSwarmFile(
      'config',
      params,
      observed,
      (kept) => kept === Buffer.from(reveal(params.data ?? '')).toString('base64'),
    ),
})
