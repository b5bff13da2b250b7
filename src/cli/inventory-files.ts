import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { isHostList } from '../inventory/index.ts'
import type { AnsibleConfig } from './ansible-config.ts'
import type { CliOptions } from './options.ts'
import { UsageError } from './usage-error.ts'

const DEFAULT = 'inventory.yaml'

/** The inventories of a run. */
export interface InventoryFiles {
  /** Files, directories, executables, and lists of hosts with a comma. */
  readonly files: readonly string[]
  /** Says so if the environment or ansible.cfg chose them: it is not visible in the command. */
  readonly warnings: readonly string[]
}

/**
 * The inventories: those of `-i`, else those of `$ANSIBLE_INVENTORY` or of `inventory` in ansible.cfg, separated by
 * commas, as Ansible, else `inventory.yaml` of the working directory, else that of the project.
 *
 * @throws {UsageError} one does not exist, most often because of another working directory.
 */
export function inventoryFiles(
  { inventory }: Pick<CliOptions, 'inventory'>,
  root: string,
  config: AnsibleConfig,
): InventoryFiles {
  const setting = config.setting(['ANSIBLE_INVENTORY'], ['defaults.inventory'])
  if (inventory.length > 0) return { files: existing(inventory, root, ''), warnings: [] }
  const configured = (setting?.value ?? '')
    .split(',')
    .map((file) => file.trim())
    .filter((file) => file !== '')
  const ofProject = path.relative(process.cwd(), path.join(root, DEFAULT))
  if (setting === undefined || configured.length === 0)
    return { files: existing([existsSync(DEFAULT) ? DEFAULT : ofProject], root, ''), warnings: [] }
  const { directory, origin } = setting
  const found = configured.map((file) => {
    const absolute = path.resolve(directory, file.replace(/^~(?=\/|$)/, homedir()))
    return directory === process.cwd() && !file.startsWith('~') ? file : path.relative(process.cwd(), absolute)
  })
  const files = existing(found, root, ` (from ${origin})`)
  return { files, warnings: [`inventory: ${files.join(', ')} (from ${origin}; -i overrides it)`] }
}

/** The directory of the entry points, whose `group_vars/` and `host_vars/` are read, as Ansible does. */
export const playbookDirectory = (root: string): string =>
  path.relative(process.cwd(), path.join(root, 'playbooks')) || '.'

function existing(files: readonly string[], root: string, origin: string): readonly string[] {
  const missing = files.find((file) => !isHostList(file) && !existsSync(path.resolve(file)))
  if (missing === undefined) return files
  const projectInventory = path.join(root, DEFAULT)
  const remedy = existsSync(projectInventory) ? `, or use the project's inventory with -i ${projectInventory}` : ''
  throw new UsageError(
    `inventory ${path.resolve(missing)} not found${origin} (working directory: ${process.cwd()}); ` +
      `specify one with -i PATH, or hosts with -i host1,host2,` +
      (projectInventory === path.resolve(missing) ? '' : remedy),
  )
}
