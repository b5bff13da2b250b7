import type { TaskResult } from '../../src/run/events.ts'
import { titleOf, type TaskSpec } from './spec.ts'

/** Something that check mode, or the run, said and that was not so. */
export class Lie extends Error {
  override readonly name = 'Lie'
}

const CHANGED_TEXT = /depends on "(.*?)", which has not run yet/s

/**
 * Holds what check mode said against what the run then did, task by task.
 * @throws {Lie} at the first difference.
 */
export function compare(
  tasks: readonly TaskSpec[],
  predicted: readonly TaskResult[],
  done: readonly TaskResult[],
): void {
  tasks.forEach((task, index) => {
    const said = predicted[index]
    const did = done[index]
    const name = titleOf(task, index)
    if (said === undefined && did !== undefined) {
      throw new Lie(`${name}: check mode did not come to it (${last(predicted)}), the run did: ${tell(did)}`)
    }
    if (said === undefined) return
    if (did === undefined) {
      const end = done.at(-1)
      const uncertain =
        end !== undefined &&
        (predicted[done.length - 1]?.status === 'unknown' || tasks[done.length - 1]?.mayFail === true)
      if (uncertain) return
      throw new Lie(`${name}: predicted ${tell(said)}, but the run did not come to it (${last(done)})`)
    }
    compareOne(name, task, said, did, { tasks, predicted, done, index })
  })
}

interface Around {
  readonly tasks: readonly TaskSpec[]
  readonly predicted: readonly TaskResult[]
  readonly done: readonly TaskResult[]
  readonly index: number
}

function compareOne(name: string, task: TaskSpec, said: TaskResult, did: TaskResult, around: Around): void {
  const fail = (): never => {
    throw new Lie(`${name}: predicted ${tell(said)}\n  but the run: ${tell(did)}`)
  }
  switch (said.status) {
    case 'unknown':
      return checkReason(name, said, around)
    case 'ok':
      return did.status === 'ok' ? undefined : fail()
    case 'skipped':
      return did.status === 'skipped' ? undefined : fail()
    case 'changed': {
      if (did.status !== 'changed' && !(did.status === 'failed' && task.mayFail === true)) fail()
      return same(said.changes, did.changes) ? undefined : fail()
    }
    case 'failed':
      return did.status === 'failed' && timeless(did.message) === timeless(said.message) ? undefined : fail()
    case 'unreachable':
      return fail()
  }
}

/** What is called unknown must name a task before it that did something, or that was itself unknown. */
function checkReason(name: string, said: TaskResult, { tasks, predicted, done, index }: Around): void {
  const reason = CHANGED_TEXT.exec(said.message ?? '')?.[1]
  const at = tasks.findIndex((task, i) => i < index && titleOf(task, i) === reason)
  if (at === -1) throw new Lie(`${name}: unknown, and names no task before it: ${said.message}`)
  const cause = done[at]?.status
  if (cause === 'changed' || cause === 'failed' || predicted[at]?.status === 'unknown') return
  throw new Lie(`${name}: unknown because of «${reason}», which did nothing: ${tell(done[at])}`)
}

/** Some tools say how long they tried. */
const timeless = (message = ''): string => message.replaceAll(/\d+ ms/g, 'some ms')

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const last = (results: readonly TaskResult[]): string => tell(results.at(-1))

/** A result in a few lines. */
export function tell(result: TaskResult | undefined): string {
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
