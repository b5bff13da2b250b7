import type { TaskResult } from '../../src/events/events.ts'
import { titleOf, type TaskSpec } from './task-spec.ts'

/** A wrong prediction of check mode, or a wrong result of a run. */
export class PropertyError extends Error {
  override readonly name = 'Lie'
}

const UNKNOWN_BECAUSE = /depends on "(.*?)", which has not run yet/s

/**
 * Compares the predictions of check mode to the results of the run, task by task.
 * @throws {PropertyError} at the first difference.
 */
export function compare(
  tasks: readonly TaskSpec[],
  predicted: readonly TaskResult[],
  done: readonly TaskResult[],
): void {
  tasks.forEach((task, index) => {
    const prediction = predicted[index]
    const result = done[index]
    const name = titleOf(task, index)
    if (prediction === undefined && result !== undefined) {
      throw new PropertyError(
        `${name}: check mode did not reach it (${last(predicted)}), the run did: ${describeResult(result)}`,
      )
    }
    if (prediction === undefined) return
    if (result === undefined) {
      const end = done.at(-1)
      const uncertain =
        end !== undefined &&
        (predicted[done.length - 1]?.status === 'unknown' || tasks[done.length - 1]?.mayFail === true)
      if (uncertain) return
      throw new PropertyError(
        `${name}: predicted ${describeResult(prediction)}, but the run did not reach it (${last(done)})`,
      )
    }
    compareOne(name, task, prediction, result, { tasks, predicted, done, index })
  })
}

interface Context {
  readonly tasks: readonly TaskSpec[]
  readonly predicted: readonly TaskResult[]
  readonly done: readonly TaskResult[]
  readonly index: number
}

function compareOne(name: string, task: TaskSpec, prediction: TaskResult, result: TaskResult, context: Context): void {
  const fail = (): never => {
    throw new PropertyError(
      `${name}: predicted ${describeResult(prediction)}\n  but the run: ${describeResult(result)}`,
    )
  }
  switch (prediction.status) {
    case 'unknown':
      checkReason(name, prediction, context)
      return
    case 'ok':
      return result.status === 'ok' ? undefined : fail()
    case 'skipped':
      return result.status === 'skipped' ? undefined : fail()
    case 'changed': {
      if (result.status !== 'changed' && !(result.status === 'failed' && task.mayFail === true)) fail()
      return same(prediction.changes, result.changes) ? undefined : fail()
    }
    case 'failed':
      return result.status === 'failed' && withoutTimes(result.message) === withoutTimes(prediction.message)
        ? undefined
        : fail()
    case 'unreachable':
      return fail()
  }
}

/** An unknown task must name an earlier task that changed something or was itself unknown. */
function checkReason(name: string, prediction: TaskResult, { tasks, predicted, done, index }: Context): void {
  const reason = UNKNOWN_BECAUSE.exec(prediction.message ?? '')?.[1]
  const at = tasks.findIndex((task, i) => i < index && titleOf(task, i) === reason)
  if (at === -1) throw new PropertyError(`${name}: unknown, but names no earlier task: ${prediction.message}`)
  const cause = done[at]?.status
  if (cause === 'changed' || cause === 'failed' || predicted[at]?.status === 'unknown') return
  throw new PropertyError(`${name}: unknown because of "${reason}", which changed nothing: ${describeResult(done[at])}`)
}

/** Some tools report how long they tried. */
const withoutTimes = (message = ''): string => message.replaceAll(/\d+ ms/g, 'some ms')

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const last = (results: readonly TaskResult[]): string => describeResult(results.at(-1))

/** A result in a few lines. */
export function describeResult(result: TaskResult | undefined): string {
  if (result === undefined) return 'nothing'
  const { status, message, changes } = result
  const brief = (text: string): string =>
    text.length <= 500 ? text : `${text.slice(0, 200)}[... ${text.length} characters ...]${text.slice(-200)}`
  const lines = changes.map(
    ({ description, diff }) =>
      `\n    ${description}${diff === undefined ? '' : ` ${brief(JSON.stringify(diff.before))} -> ${brief(JSON.stringify(diff.after))}`}`,
  )
  return `${status}${message === undefined ? '' : `: ${brief(message)}`}${lines.join('')}`
}
