/** The public API for playbooks: `import { play, apt } from 'labbook'`. Modules of some areas: `labbook/lab`, ... */

// Playbooks, plays and experiments.
export { playbook, type ClosingContext, type Playbook } from './cli/playbook.ts'
export { UsageError } from './cli/usage-error.ts'
export { disturbAll, type Disturbance, type DisturbanceContext, type Disturbs } from './playbook/disturbs.ts'
export {
  experiment,
  type Experiment,
  type ExhibitOptions,
  type ExperimentContext,
  type RecordOptions,
  type SetupContext,
  type Verdict,
  type WatchOptions,
  type WatchResult,
} from './playbook/experiment.ts'
export type { Chart, TimelineBar, TimelineChart } from './events/chart.ts'
export {
  MessageError,
  messageText,
  sayIn,
  type Message,
  type MessageList,
  type MessageTable,
  type PlaceholdersOf,
  type MessageValue,
  type Text,
} from './events/message.ts'
export type { Exhibit } from './events/events.ts'
export type { LocalizedText, ReportQuestion } from './events/report-questions.ts'
export { block, type BlockOptions } from './playbook/block.ts'
export type { Block } from './playbook/task-list.ts'
export { play, PlaybookError, type Play, type PlayContext, type PlaybookStep } from './playbook/play.ts'
export { add_host, group_by, include_vars, set_fact } from './playbook/typescript-words.ts'
export { role, type Role, type RoleCall, type RoleOptions } from './playbook/role.ts'
export { defineVars, varTypes, type VarSet } from './playbook/define-vars.ts'
export { tagged } from './playbook/tags.ts'
export { durationMultiplierOf, timeoutMultiplierOf } from './playbook/timeout-multiplier.ts'
export { storedEvents, storedSummary, type Summary } from './evidence/index.ts'
export type { Closing } from './ui/index.ts'

// Values of tasks.
export { HOST_DIRECTORIES, stateDirectory } from './values/directories.ts'
export { ansible_failed_result, ansible_failed_task, type FailedResult } from './execution/failed-task.ts'
export { register, Reference, type Register, type Scope } from './values/reference.ts'
export { secret, Secret, SecretBytes } from './values/secret.ts'
export { toText } from './values/to-text.ts'

// Modules, and what new ones are made with.
export * from './modules/index.ts'
export { STORAGE_DRIVERS } from './modules/docker/storage.ts'
export { alwaysSecret } from './modules/support/params.ts'
export { render } from './templates/index.ts'
export type { CommandValues } from './modules/support/run-command.ts'
export { lastLine } from './modules/support/text.ts'
export { Refusal } from './modules/support/worker.ts'
export { defineModule, type Conditions, type Task } from './modules/task.ts'
export { quote, raw as unquoted, sh } from './shell/quote.ts'

// Hosts and files of the user.
export { connectionSettings } from './connection/index.ts'
export type { InventoryProblem } from './inventory/errors.ts'
export type { SourceText } from './inventory/source-text.ts'
export { syntaxAdvice, type Path, type YamlIssue } from './inventory/yaml-document.ts'

// Text: CSV, tables, slugs, suggestions.
export { csvText } from './text/csv.ts'
export { slugger } from './text/slug.ts'
export { didYouMean, nearest } from './text/suggest.ts'
export { tableLines } from './text/table.ts'
