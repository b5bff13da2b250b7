import type { RunEvent, TaskResult } from '../events/events.ts'
import { isFailureLabel, labelOf, type ResultLabel } from './format/palette.ts'

/** Fewer results than this are not folded. */
const MIN_RESULTS = 3
/** The maximum time that results are held back. */
const HOLD_MS = 5000

/** A result as text. */
export interface RenderedResult {
  readonly lines: readonly string[]
  /** The line for a group of such results. */
  readonly foldedLine: (text: string) => string
}

/** Consecutive similar results of one host, not written yet. */
interface Group {
  readonly first: TaskResult
  /** The common prefix of their titles. */
  prefix: readonly string[]
  readonly shown: RenderedResult[]
  lastAt: number
}

/**
 * Writes events as lines, and folds similar results into one: `Copy app/… (23 files)`. Results are similar if they are
 * consecutive, of the same play, host, module and status (ok or changed), and their titles have a common prefix.
 *
 * The lines of a host keep their order. A failure is written immediately, after everything held back before it.
 */
export class FoldingWriter {
  readonly #write: (lines: readonly string[]) => void
  readonly #check: () => boolean
  /** By host, in the order of their first result. */
  readonly #groups = new Map<string, Group>()
  #timer: NodeJS.Timeout | undefined

  /** @param check - whether the run is in check mode, where changes are not folded. */
  constructor(write: (lines: readonly string[]) => void, check: () => boolean) {
    this.#write = write
    this.#check = check
  }

  /** Writes the lines of an event that is not a result. */
  event(event: Exclude<RunEvent, TaskResult>, lines: readonly string[]): void {
    if (event.type === 'task_start') {
      const group = this.#groups.get(event.host)
      if (group !== undefined && commonPrefix(group, event) === undefined) this.flush(event.host)
    } else {
      this.flush()
    }
    this.#write(lines)
  }

  result(event: TaskResult, shown: RenderedResult): void {
    const label = labelOf(event)
    if (!this.#mayFold(event, label)) {
      this.flush(isFailureLabel(label) ? undefined : event.host)
      this.#write(shown.lines)
      return
    }
    const group = this.#groups.get(event.host)
    const prefix = group !== undefined && sameStatus(group.first, event) ? commonPrefix(group, event) : undefined
    if (group !== undefined && prefix !== undefined) {
      Object.assign(group, { prefix, lastAt: Date.now() })
      group.shown.push(shown)
      return
    }
    this.flush(event.host)
    this.#groups.set(event.host, { first: event, prefix: tokensOf(event.task), shown: [shown], lastAt: Date.now() })
    this.#timer ??= setInterval(() => {
      this.#flushOld()
    }, HOLD_MS).unref()
  }

  /** Writes the results held back, of one host or of all. */
  flush(host?: string): void {
    for (const [name, group] of this.#groups) {
      if (host !== undefined && host !== name) continue
      this.#groups.delete(name)
      this.#write(linesOf(group))
    }
    if (this.#groups.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #flushOld(): void {
    for (const [name, { lastAt }] of this.#groups) if (Date.now() - lastAt >= HOLD_MS) this.flush(name)
  }

  #mayFold({ message, msg, attempts }: TaskResult, label: ResultLabel): boolean {
    const hasText = message !== undefined || msg !== undefined
    return (label === 'ok' || (label === 'changed' && !this.#check())) && !hasText && attempts <= 1
  }
}

const sameStatus = (a: TaskResult, b: TaskResult): boolean =>
  a.status === b.status && a.handler === b.handler && a.delegatedTo === b.delegatedTo

/** The prefix of a group with one more task; undefined if the task is not similar. */
function commonPrefix(
  { first, prefix }: Group,
  { play, module, task }: Pick<TaskResult, 'play' | 'module' | 'task'>,
): readonly string[] | undefined {
  if (first.play !== play || first.module !== module) return undefined
  const tokens = tokensOf(task)
  const differs = prefix.findIndex((token, i) => token !== tokens[i])
  const common = differs === -1 ? prefix : prefix.slice(0, differs)
  return hasObject(common) ? common : undefined
}

/** Splits a title after spaces and slashes: `Copy `, `app/`, `shop/`, `web.py`. */
const tokensOf = (title: string): string[] => title.split(/(?<=[\s/])/)

/** A verb alone is not enough of a common prefix. */
const hasObject = ([, ...rest]: readonly string[]): boolean =>
  rest.some((token) => /[\p{L}\p{N}]/u.test(token) && !/^(?:an?|the|of|for|to|in|on|from|with)\s/i.test(token))

function linesOf({ first, prefix, shown }: Group): readonly string[] {
  const [sample] = shown
  if (sample === undefined || shown.length < MIN_RESULTS) return shown.flatMap(({ lines }) => lines)
  const text = prefix.join('')
  const title = text === first.task ? text : `${text}…`
  const asides = [
    first.handler ? 'handler, ' : '',
    first.delegatedTo === undefined ? '' : `on ${first.delegatedTo}, `,
  ].join('')
  return [sample.foldedLine(`${title} (${asides}${shown.length} ${nounOf(first.module)})`)]
}

function nounOf(module: string): string {
  if (module === 'copy' || module === 'template') return 'files'
  return module === 'file' ? 'paths' : 'tasks'
}
