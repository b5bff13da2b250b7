import type { WithoutPermission } from '../runner/disturbance.ts'
import type { Finding } from '../events/events.ts'
import type { ReportQuestion } from '../events/report-questions.ts'
import type { LabOptions } from '../lab/lab.ts'
import type { VarSet } from '../playbook/define-vars.ts'
import type { Experiment } from '../playbook/experiment.ts'
import type { PlaybookStep } from '../playbook/play.ts'
import type { Closing } from '../ui/index.ts'
import type { Subcommands, Switches } from './options.ts'
import { UsageError } from './usage-error.ts'

/** A playbook: what `npx zx playbooks/NAME.mjs` runs. */
export interface Playbook {
  /** The entry point's name without its extension; part of the run directory's name. */
  readonly name: string
  /** One line for `--help`. */
  readonly description: string
  /** Subcommands, such as `up`, `down` and `resume NAME`; the first is the default. */
  readonly subcommands?: Subcommands
  /** Flags of its command line: each sets a variable, like `--extra-vars`. */
  readonly switches?: Switches
  /** One of its extra variables, for the example in `--help`: `shop_replicas=6`. */
  readonly variable?: string
  /** Several subcommands may be combined. */
  readonly multipleSubcommands?: boolean
  /** Plays and experiments, in order. A function receives the subcommands and the variables of `--extra-vars`. */
  readonly steps:
    | readonly PlaybookStep[]
    | ((words: readonly string[], extraVars: ExtraVars) => readonly PlaybookStep[])
  /** Its experiments by subcommand, for `--list`. Default: those among its steps, by name. */
  readonly experiments?: Readonly<Record<string, Experiment>>
  /** What `--list` prints before the table of experiments. */
  readonly preview?: (words: readonly string[], extraVars: ExtraVars) => string
  /**
   * How to handle experiments that would disturb hosts outside Labbook's lab without `--allow-faults`: refuse the run
   * (the default), or skip them, for provisioning playbooks. Plays that remove data are always refused.
   */
  readonly withoutPermission?: WithoutPermission
  /** The variables it declares, to suggest a name for one of `--extra-vars` that is not used. */
  readonly vars?: readonly VarSet[]
  /** What it publishes on the nodes of a lab. The same for all playbooks of a project, which share the lab. */
  readonly lab?: LabOptions
  /** Questions that the report answers with the run's findings, in its order. */
  readonly reportQuestions?: readonly ReportQuestion[]
  /**
   * What is running after a run that passed, its main results, and the next steps; undefined: no closing. Not called in
   * check mode.
   */
  readonly closing?: (run: ClosingContext) => Closing | undefined
}

/** The input of {@link Playbook.closing}. */
export interface ClosingContext {
  readonly args: readonly string[]
  /** The paths of the inventory files, as specified. */
  readonly inventory: readonly string[]
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** From the inventory and `--extra-vars`; without facts. */
  readonly hostvars: (host: string) => Readonly<Record<string, unknown>>
  readonly findings: readonly Pick<Finding, 'id' | 'holds' | 'measured'>[]
}

type ExtraVars = Readonly<Record<string, unknown>>

/** Declares a playbook. */
export const playbook = (definition: Playbook): Playbook => definition

const EXPORT = 'export default playbook({ name, description, steps })'

/**
 * Validates a playbook's default export, which may not have been type-checked.
 *
 * @returns an error message; undefined if it is a playbook.
 */
export function playbookProblem(exported: unknown): string | undefined {
  if (exported === undefined) return `has no default export; write: ${EXPORT}`
  if (typeof exported !== 'object' || exported === null)
    return `its default export is not a playbook but ${typeof exported}; write: ${EXPORT}`
  const { name, description, steps } = exported as Partial<Record<keyof Playbook, unknown>>
  const error =
    typeof name !== 'string'
      ? 'name must be a string'
      : typeof description !== 'string'
        ? 'description must be a string'
        : typeof steps === 'function'
          ? undefined
          : !Array.isArray(steps)
            ? 'steps must be an array of plays and experiments, or a function that returns one'
            : stepsProblem(steps)
  return error === undefined ? undefined : `its default export is not a playbook: ${error}; write: ${EXPORT}`
}

function stepsProblem(steps: readonly unknown[]): string | undefined {
  const index = steps.findIndex(
    (step) => !['play', 'experiment'].includes(String((step as { kind?: unknown } | null | undefined)?.kind)),
  )
  return index === -1 ? undefined : `steps[${index}] is neither a play() nor an experiment()`
}

/** @throws {UsageError} more subcommands than the playbook accepts. */
export function stepsOf(
  { name, steps, subcommands: words = {}, multipleSubcommands: severalWords = false }: Playbook,
  args: readonly string[],
  extraVars: ExtraVars = {},
): readonly PlaybookStep[] {
  const [first] = Object.keys(words)
  const hasArgument = args.length === 2 && Object.keys(words).some((word) => word.startsWith(`${args[0] ?? ''} `))
  if (args.length > 1 && !severalWords && !hasArgument)
    throw new UsageError(`only one command is allowed, not ${args.length}: ${args.join(', ')}`)
  if (typeof steps !== 'function') return steps
  const result = steps(args.length > 0 || first === undefined ? args : [first], extraVars)
  const problem = stepsProblem(result)
  if (problem !== undefined) throw new UsageError(`playbook "${name}": ${problem}`)
  return result
}
