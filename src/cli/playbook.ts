import type { WithoutPermission } from '../run/disturbance.ts'
import type { Finding } from '../run/events.ts'
import type { Experiment } from '../run/experiment.ts'
import type { Step } from '../run/play.ts'
import type { Closing } from '../ui/index.ts'
import type { Words } from './options.ts'
import { UsageError } from './usage-error.ts'

/** A playbook: what `npx zx playbooks/NAME.mjs` runs. */
export interface Playbook {
  /** The entry's name without its ending; names the run's folder. */
  readonly name: string
  /** One line for `--help`. */
  readonly description: string
  /** Words it takes beside options, such as `up`, `down` and `resume NAME`; the first is taken when none is given. */
  readonly words?: Words
  /** An extra variable that it reads, for the example in `--help`: `counter_replicas=6`. */
  readonly variable?: string
  /** More than one of the words may be given. */
  readonly severalWords?: boolean
  /** What it does, in order. A function gets the words that were given, and the variables of `--extra-vars`. */
  readonly steps: readonly Step[] | ((words: readonly string[], extraVars: ExtraVars) => readonly Step[])
  /** Its experiments by the words that choose them, for `--list`. Default: those among its steps, by their titles. */
  readonly experiments?: Readonly<Record<string, Experiment>>
  /**
   * What becomes of experiments that would disturb hosts outside Labbook's lab, without `--allow-faults`: the run is
   * refused (the default), or goes on without them, for playbooks that provision. Plays that remove data are refused in
   * either case.
   */
  readonly withoutPermission?: WithoutPermission
  /**
   * What stands after a run that passed, its main results, and what to do next; undefined: nothing of it. Not asked
   * after a check.
   */
  readonly closing?: (run: ClosingContext) => Closing | undefined
}

/** A run that passed, as {@link Playbook.closing} sees it. */
export interface ClosingContext {
  readonly words: readonly string[]
  /** The path of the inventory, as given. */
  readonly inventory: string
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** From the inventory and `--extra-vars`; without facts. */
  hostvars(host: string): Readonly<Record<string, unknown>>
  readonly findings: readonly Pick<Finding, 'id' | 'holds' | 'measured'>[]
}

type ExtraVars = Readonly<Record<string, unknown>>

/** Declares a playbook. */
export const playbook = (definition: Playbook): Playbook => definition

const EXPORT = 'export default playbook({ name, description, steps })'

/**
 * What is wrong with a playbook's default export: its file may not have been type-checked.
 *
 * @returns a message that says what to export; undefined when it is a playbook.
 */
export function playbookProblem(exported: unknown): string | undefined {
  if (exported === undefined) return `has no default export; write: ${EXPORT}`
  if (typeof exported !== 'object' || exported === null)
    return `its default export is no playbook, but ${typeof exported}; write: ${EXPORT}`
  const { name, description, steps } = exported as Partial<Record<keyof Playbook, unknown>>
  const wrong =
    typeof name !== 'string'
      ? 'name must be a string'
      : typeof description !== 'string'
        ? 'description must be a string'
        : typeof steps === 'function'
          ? undefined
          : !Array.isArray(steps)
            ? 'steps must be a list of plays and experiments, or a function that returns one'
            : stepsProblem(steps)
  return wrong === undefined ? undefined : `its default export is no playbook: ${wrong}; write: ${EXPORT}`
}

function stepsProblem(steps: readonly unknown[]): string | undefined {
  const wrong = steps.findIndex(
    (step) => !['play', 'experiment'].includes(String((step as { kind?: unknown } | null | undefined)?.kind)),
  )
  return wrong === -1 ? undefined : `steps[${wrong}] is made neither by play() nor by experiment()`
}

/** @throws {UsageError} more words were given than the playbook takes. */
export function stepsOf(
  { name, steps, words = {}, severalWords = false }: Playbook,
  given: readonly string[],
  extraVars: ExtraVars = {},
): readonly Step[] {
  const [first] = Object.keys(words)
  const ownWord = given.length === 2 && Object.keys(words).some((word) => word.startsWith(`${given[0] ?? ''} `))
  if (given.length > 1 && !severalWords && !ownWord)
    throw new UsageError(`one word at a time, not ${given.length}: ${given.join(', ')}`)
  if (typeof steps !== 'function') return steps
  const made = steps(given.length > 0 || first === undefined ? given : [first], extraVars)
  const problem = stepsProblem(made)
  if (problem !== undefined) throw new UsageError(`playbook "${name}": ${problem}`)
  return made
}
