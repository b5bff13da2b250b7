import type { Inventory } from '../inventory/index.ts'
import type { PlaybookStep } from '../playbook/play.ts'
import type { RunOptions } from '../runner/run.ts'
import type { TagSelection } from '../playbook/tags.ts'
import type { VarReadTracker } from '../values/var-reads.ts'
import type { CliOptions } from './options.ts'
import type { Playbook } from './playbook.ts'
import type { SavedPlan } from './saved-plan.ts'

/** The validated input of a run. */
export interface PreparedRun {
  readonly playbook: string
  readonly steps: readonly PlaybookStep[]
  readonly version: string
  /** The command line. */
  readonly argv: readonly string[]
  /** The arguments after the playbook's name. */
  readonly playbookArguments: readonly string[]
  readonly root: string
  readonly options: CliOptions
  readonly inventory: Inventory
  /** As specified. */
  readonly inventoryFiles: readonly string[]
  readonly hosts: readonly string[]
  readonly extraVars: Readonly<Record<string, unknown>>
  readonly tags: TagSelection
  readonly reads: VarReadTracker
  readonly warnings: readonly string[]
  readonly mayDisturb: (host: string) => boolean
  readonly withoutPermission: RunOptions['withoutPermission']
  readonly reportQuestions?: NonNullable<Playbook['reportQuestions']>
  /** For `--apply`. */
  readonly savedPlan?: SavedPlan
  readonly closing?: NonNullable<Playbook['closing']>
}
