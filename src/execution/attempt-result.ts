import type { Plan, PredictedState } from '../modules/module.ts'
import type { Attempt, Task } from '../modules/task.ts'
import type { CommandResult } from '../shell/batch.ts'
import type { CommandRecord, PlannedChange, Status } from '../events/events.ts'
import type { ResourceKeys } from './predicted-effects.ts'
import { callTaskFunction, ConditionError } from '../playbook/playbook-errors.ts'

interface KeysOfHost {
  readonly host: string
  readonly sets: ResourceKeys
}

/** The result of one attempt of a task. */
export interface AttemptResult {
  readonly status: Exclude<Status, 'skipped'>
  readonly message?: string
  readonly changes: readonly PlannedChange[]
  readonly commands: readonly CommandRecord[]
  readonly values?: unknown
  /** Text for the user, from the plan. */
  readonly msg?: string
  /** Check mode: the resource keys it would modify, on its host and on another. */
  readonly predictedChange?: { readonly sets: ResourceKeys; readonly onOtherHost?: KeysOfHost | undefined }
  /** Check mode: what it leaves, changed or not. */
  readonly leaves?: PredictedState
  /** The outcome on the host is unknown: neither retry it nor evaluate its conditions. */
  readonly indeterminate?: boolean
  /** No retry: a condition threw an error. */
  readonly final?: boolean
}

export const withoutScript = (changes: Plan<unknown>['changes']): PlannedChange[] =>
  changes.map(({ description, diff }) => (diff === undefined ? { description } : { description, diff }))

/** Changes as records show them. */
export const shownChanges = ({ keywords }: Task, changes: readonly PlannedChange[]): readonly PlannedChange[] =>
  keywords.no_log === true ? changes.map(() => ({ description: 'hidden by no_log' })) : changes

/** The last nonempty line: tools print the reason there. */
export function lastLine(text: string): string {
  return (
    text
      .trim()
      .split('\n')
      .filter((line) => line.trim() !== '')
      .at(-1)
      ?.trim() ?? ''
  )
}

export const recordOf = (kind: CommandRecord['kind'], script: string, result: CommandResult): CommandRecord => ({
  kind,
  script,
  ...result,
})

/** Why a script failed: the last line of its output. */
export const failureReason = ({ stdout, stderr, exitCode }: CommandResult): string =>
  lastLine(stderr) || lastLine(stdout) || `exit code ${exitCode}`

/** An attempt as passed to conditions (`until`, `failed_when`, `changed_when`). */
export function toAttempt({ values, commands }: AttemptResult): Attempt<unknown> {
  const last = commands.at(-1)
  const own = (values ?? {}) as { stdout?: string; stderr?: string; rc?: number }
  return {
    values,
    stdout: own.stdout ?? last?.stdout ?? '',
    stderr: own.stderr ?? last?.stderr ?? '',
    rc: own.rc ?? last?.exitCode ?? 0,
  }
}

/** Applies `failed_when` and `changed_when`. A condition that throws fails the task, as in Ansible. */
export function applyConditions(result: AttemptResult, task: Task): AttemptResult {
  return failOnConditionError(result, () => evaluate(result, task))
}

/** Runs a condition. If it throws, the task fails without retry. */
export function failOnConditionError(result: AttemptResult, judge: () => AttemptResult): AttemptResult {
  try {
    return judge()
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    return { ...result, status: 'failed', message: error.message, final: true }
  }
}

function evaluate(result: AttemptResult, { keywords, at }: Task): AttemptResult {
  if (result.status === 'unreachable' || result.status === 'unknown' || result.indeterminate === true) return result
  if (result.predictedChange !== undefined && typeof keywords.changed_when === 'function') {
    return {
      ...result,
      status: 'unknown',
      message: 'changed_when evaluates the result of the task, which has not run yet',
    }
  }
  // Without a result there is nothing to evaluate.
  const failed_when =
    result.predictedChange !== undefined && typeof keywords.failed_when === 'function'
      ? undefined
      : keywords.failed_when
  const { changed_when } = keywords
  const attempt = toAttempt(result)
  const holds = (
    keyword: 'failed_when' | 'changed_when',
    rule: boolean | ((attempt: Attempt<unknown>) => boolean),
  ): boolean => (typeof rule === 'function' ? callTaskFunction(keyword, at, () => rule(attempt)) : rule)
  const done = result.changes.length > 0 ? 'changed' : 'ok'
  let { status } = result
  if (failed_when !== undefined)
    status = holds('failed_when', failed_when) ? 'failed' : status === 'failed' ? done : status
  if (changed_when !== undefined && status !== 'failed') status = holds('changed_when', changed_when) ? 'changed' : 'ok'
  if (status === result.status) return result
  const { message, ...rest } = result
  return { ...rest, status, ...(status === 'failed' ? { message: message ?? 'failed_when condition is true' } : {}) }
}
