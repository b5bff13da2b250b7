import { InventoryError, limitHosts, PatternError, readInventory } from '../inventory/index.ts'
import { AnsibleConfig } from './ansible-config.ts'
import { type OptionSpec, optionsSection, parseCommandLine } from './command-line.ts'
import { inventoryFiles, playbookDirectory } from './inventory-files.ts'
import { inventoryGraph, inventoryHost, inventoryList } from './inventory-view.ts'
import { expandLimit } from './limit.ts'
import { withLocalhost } from './localhost.ts'
import { OPTIONS as RUN_OPTIONS } from './options.ts'
import { Cancelled } from '../ui/index.ts'
import { UsageError } from './usage-error.ts'
import { openVault, VAULT_OPTIONS, vaultOptions } from './vault-options.ts'

const OPTIONS = {
  list: { help: 'print groups, hosts and their variables as JSON' },
  host: { value: 'NAME', help: 'print the variables of a host as JSON' },
  graph: { help: 'print groups and hosts as a tree; a group after it is its root' },
  vars: { help: 'with --graph: also the variables' },
  inventory: RUN_OPTIONS.inventory,
  limit: RUN_OPTIONS.limit,
  ...VAULT_OPTIONS,
  help: { short: 'h', help: 'show this help' },
} as const satisfies Readonly<Record<string, OptionSpec>>

const help = (
  command: string,
): string => `Shows what the inventory contains, as ansible-inventory does. No host is contacted.

Usage: ${command} --list | --host NAME | --graph [GROUP] [--vars] [options]

${optionsSection(OPTIONS)}

Examples:
  # groups and hosts of an inventory for Ansible
  ${command} --graph -i hosts.ini
  # where does this value come from?
  ${command} --graph web --vars -i hosts.ini
`

/**
 * Runs `playbooks/inventory.mjs` from its command line.
 *
 * @param root - the project directory, with `inventory.yaml` and `playbooks/`.
 * @param command - what runs it, for the help.
 * @returns the exit code.
 */
export async function inventoryCommand(
  argv: readonly string[],
  root: string,
  command = 'npx zx playbooks/inventory.mjs',
): Promise<number> {
  try {
    const parsed = parseCommandLine(argv, OPTIONS)
    process.stdout.write(parsed === 'help' ? help(command) : await view(parsed, root))
    return 0
  } catch (error) {
    if (error instanceof Cancelled) return 130
    if (![UsageError, InventoryError, PatternError].some((type) => error instanceof type)) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  }
}

type Parsed = Exclude<ReturnType<typeof parseCommandLine<keyof typeof OPTIONS>>, 'help'>

async function view({ all, positionals }: Parsed, root: string): Promise<string> {
  const actions = (['list', 'host', 'graph'] as const).filter((name) => all(name).length > 0)
  if (actions.length !== 1) throw new UsageError('specify one of --list, --host NAME and --graph; see --help')
  const [action] = actions
  const [group = 'all', ...more] = positionals
  if (more.length > 0 || (positionals.length > 0 && action !== 'graph'))
    throw new UsageError(`unexpected argument "${more[0] ?? group}"; see --help`)
  const config = new AnsibleConfig(process.env)
  const { files, warnings } = inventoryFiles({ inventory: all('inventory') }, root, config)
  for (const warning of warnings) process.stderr.write(`${warning}\n`)
  const canPrompt = process.stdin.isTTY && process.stdout.isTTY
  const vault = await openVault(vaultOptions(all, true), config, canPrompt)
  const inventory = await readInventory({ files, playbookDirectory: playbookDirectory(root), vault })
  if (action === 'graph') return inventoryGraph(inventory, group, all('vars').length > 0)
  const complete = withLocalhost(inventory)
  const name = all('host').at(-1)
  if (name !== undefined) return inventoryHost(complete, name)
  const hosts = [...inventory.hosts.keys()]
  const limit = all('limit').at(-1)
  return inventoryList(inventory, limit === undefined ? hosts : limitHosts(complete, hosts, expandLimit(limit)))
}
