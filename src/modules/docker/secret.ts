import { alwaysSecret } from '../support/params.ts'
import { defineModule } from '../task.ts'
import { planSwarmFile, swarmFileDefinition, swarmFileSchema, type SwarmFile } from './swarm-files.ts'

const schema = swarmFileSchema('secret', {
  /**
   * Content of the secret. Docker does not reveal it, so an existing secret is assumed to have this data: put a version
   * into the name.
   */
  data: alwaysSecret.optional(),
})

/** Manages Swarm secrets; runs on a manager. The data is passed on stdin; an existing secret is never recreated. */
export const docker_secret = defineModule<typeof schema, SwarmFile>({
  name: 'docker_secret',
  schema,
  ...swarmFileDefinition('secret'),
  plan: (params, observed) => planSwarmFile('secret', params, observed, () => undefined),
})
