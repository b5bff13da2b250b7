import { existsSync } from 'node:fs'
import path from 'node:path'
import type { CliOptions } from './options.ts'
import { UsageError } from './usage-error.ts'

const DEFAULT = 'inventory.yaml'
const VARIABLE = 'ANSIBLE_INVENTORY'

/** The inventory files of a run. */
export interface InventoryFiles {
  readonly files: readonly string[]
  /** Says so if the environment chose them: it is not visible in the command. */
  readonly warnings: readonly string[]
}

/**
 * The inventory files: those of `-i`, else those of `$ANSIBLE_INVENTORY`, separated by commas, as Ansible, else
 * `inventory.yaml` of the working directory, else that of the project.
 *
 * @throws {UsageError} one does not exist, most often because of another working directory.
 */
export function inventoryFiles(
  { inventory }: Pick<CliOptions, 'inventory'>,
  root: string,
  environment: NodeJS.ProcessEnv,
): InventoryFiles {
  if (inventory.length > 0) return { files: existing(inventory, root, ''), warnings: [] }
  const configured = (environment[VARIABLE] ?? '')
    .split(',')
    .map((file) => file.trim())
    .filter((file) => file !== '')
  const ofProject = path.relative(process.cwd(), path.join(root, DEFAULT))
  if (configured.length === 0)
    return { files: existing([existsSync(DEFAULT) ? DEFAULT : ofProject], root, ''), warnings: [] }
  const files = existing(configured, root, ` (from $${VARIABLE})`)
  return { files, warnings: [`inventory: ${files.join(', ')} (from $${VARIABLE}; -i overrides it)`] }
}

/** The directory of the entry points, whose `group_vars/` and `host_vars/` are read, as Ansible does. */
export const playbookDirectory = (root: string): string =>
  path.relative(process.cwd(), path.join(root, 'playbooks')) || '.'

function existing(files: readonly string[], root: string, origin: string): readonly string[] {
  const missing = files.find((file) => !existsSync(path.resolve(file)))
  if (missing === undefined) return files
  const projectInventory = path.join(root, DEFAULT)
  const remedy = existsSync(projectInventory) ? `, or use the project's inventory with -i ${projectInventory}` : ''
  throw new UsageError(
    `inventory ${path.resolve(missing)} not found${origin} (working directory: ${process.cwd()}); ` +
      `specify one with -i PATH${projectInventory === path.resolve(missing) ? '' : remedy}`,
  )
}
