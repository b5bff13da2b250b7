import { AnsibleConfig } from '../ansible-config.ts'
import { readInventory, type Inventory } from '../../inventory/index.ts'
import type { ExtraVarsArgument } from '../extra-vars.ts'
import { inventoryFiles, playbookDirectory } from '../inventory-files.ts'
import { withLab } from '../lab.ts'
import { withLocalhost } from '../localhost.ts'
import { parseOptions } from '../options.ts'
import { stepsOf, type Playbook } from '../playbook.ts'
import { readExtraVars } from '../read-extra-vars.ts'
import { candidateLines, completions } from './candidates.ts'
import { completionSources } from './sources.ts'

/** The lines that complete the last of the arguments of a playbook. */
export async function completionsFor(playbook: Playbook, argv: readonly string[], root: string): Promise<string> {
  const options = knownOptions(argv, playbook)
  // Options and subcommands need no inventory: it may be encrypted, or not complete.
  const inventory = await inventoryOf(options?.inventory ?? [], root).catch(() => undefined)
  const steps = stepsOf(playbook, options?.args ?? [])
  const sources = completionSources(
    playbook,
    steps,
    () => {
      if (inventory === undefined) throw new Error('the inventory cannot be read')
      return withLab(withLocalhost(inventory), { extraVars: extraVarsOf(options?.extraVars ?? []) }, playbook.lab)
    },
    root,
  )
  return candidateLines(completions(argv, sources))
}

async function inventoryOf(inventory: readonly string[], root: string): Promise<Inventory> {
  const { files } = inventoryFiles({ inventory }, root, new AnsibleConfig(process.env))
  return await readInventory({ files, playbookDirectory: playbookDirectory(root) })
}

/** Without a file that cannot be read: it may be encrypted. */
function extraVarsOf(sources: readonly ExtraVarsArgument[]): Record<string, unknown> {
  return Object.assign(
    {},
    ...sources.map((source) => {
      try {
        return readExtraVars([source])
      } catch {
        return {}
      }
    }),
  ) as Record<string, unknown>
}

/** The options before the last argument; undefined if they are not valid so far. */
function knownOptions(argv: readonly string[], { subcommands }: Playbook): ReturnType<typeof parseOptions> | undefined {
  for (const end of [argv.length - 1, argv.length - 2]) {
    try {
      return parseOptions(argv.slice(0, Math.max(0, end)), subcommands)
    } catch {
      // The last option has no value yet.
    }
  }
  return undefined
}
