import { reveal } from '../../values/secret.ts'
import { secretText } from '../support/params.ts'
import { defineModule } from '../task.ts'
import { planSwarmFile, swarmFileDefinition, swarmFileSchema, type SwarmFile } from './swarm-files.ts'

const schema = swarmFileSchema('config', {
  /** Content of the config. Everyone with access to a manager can read it. */
  data: secretText.optional(),
})

/**
 * Manages Swarm configs; runs on a manager. Configs are immutable: an existing one with other data is an error, as
 * services may use it.
 */
export const docker_config = defineModule<typeof schema, SwarmFile>({
  name: 'docker_config',
  schema,
  ...swarmFileDefinition('config'),
  plan: (params, observed) =>
    planSwarmFile(
      'config',
      params,
      observed,
      (kept) => kept === Buffer.from(reveal(params.data ?? '')).toString('base64'),
    ),
})
