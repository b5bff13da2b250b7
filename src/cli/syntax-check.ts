import type { Inventory } from '../inventory/index.ts'
import { checkTask } from '../execution/check-task.ts'
import { checkedParams } from '../execution/prepare-task.ts'
import type { Task } from '../modules/task.ts'
import { checkNotify, handlersOf, tasksOf } from '../playbook/play-tasks.ts'
import { PlaybookError, type Play, type PlaybookStep } from '../playbook/play.ts'
import { hostsOf } from '../runner/step-selection.ts'
import { Reference } from '../values/reference.ts'
import { listingContext } from './list.ts'
import { needsAnswer } from './vars-prompt.ts'

/** The result of `--syntax-check`. */
export interface SyntaxCheck {
  readonly problems: readonly string[]
  /** Plays that cannot be checked without the facts of a host or an answer of the user, and why. */
  readonly unchecked: readonly string[]
  readonly tasks: number
}

/**
 * Checks the tasks and handlers of all hosts without contacting one: parameters, keywords and names of handlers.
 *
 * @throws {PatternError} a host pattern is invalid.
 */
export function syntaxCheck(
  steps: readonly PlaybookStep[],
  inventory: Inventory,
  hosts: readonly string[],
  extraVars: Readonly<Record<string, unknown>>,
): SyntaxCheck {
  const problems = new Set<string>()
  const unchecked = new Set<string>()
  let tasks = 0
  let mayUseFacts = false
  for (const step of steps) {
    const names = hostsOf(step, inventory, hosts)
    if (step.kind === 'experiment') continue
    mayUseFacts ||= step.gather_facts === true
    const lacksAnswer = needsAnswer(step, extraVars)
    for (const host of names) {
      try {
        const listed = allTasks(step, inventory, host, extraVars)
        tasks += listed.length
        for (const problem of listed.flatMap(paramsProblem)) (lacksAnswer ? unchecked : problems).add(problem)
      } catch (error) {
        if (!(error instanceof PlaybookError)) throw error
        if (mayUseFacts || lacksAnswer) unchecked.add(error.message)
        else problems.add(error.message)
      }
    }
  }
  return { problems: [...problems], unchecked: [...unchecked], tasks }
}

function allTasks(
  play: Play,
  inventory: Inventory,
  host: string,
  extraVars: Readonly<Record<string, unknown>>,
): Task[] {
  const context = listingContext(play, inventory, host, extraVars)
  const tasks = tasksOf(play, context)
  const handlers = handlersOf(play, context)
  const all = [...tasks, ...Object.values(handlers)]
  checkNotify(play, all, Object.keys(handlers))
  return all
}

/** Why the parameters of a task are invalid. Registered values are not known yet. */
function paramsProblem(task: Task): string[] {
  if (hasReference(task.params)) return []
  try {
    checkedParams(checkTask(task), task.params)
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

const hasReference = (value: unknown): boolean =>
  value instanceof Reference ||
  (Array.isArray(value)
    ? value.some(hasReference)
    : typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
      ? Object.values(value).some(hasReference)
      : false)
