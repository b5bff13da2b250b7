import * as z from 'zod'
import { defineModule } from '../task.ts'
import { apt, type AptValues } from './apt.ts'

const { definition } = apt

const schema = definition.schema.safeExtend({
  state: z.enum(['present', 'absent', 'latest']),
  /** The package manager: hosts are expected to have apt. */
  use: z.enum(['auto', 'apt']).default('auto'),
})

/**
 * Installs, upgrades and removes packages with [apt](#apt), and takes its parameters. `package` is a reserved word of
 * JavaScript: import it as `import { package as packageTask } from 'labbook'`.
 */
export const packageModule = defineModule<typeof schema, AptValues>({ ...definition, name: 'package', schema })
