import type { RunEvent, TaskResult } from '../run/events.ts'
import { labelOf, type Label } from './format/palette.ts'

/** Fewer results than this are not folded. */
const LEAST = 3
/** Nothing is held back for longer, whatever runs meanwhile. */
const HOLD_MS = 5000

/** What a result looks like. */
export interface Shown {
  readonly lines: readonly string[]
  /** The line that stands for it and others of its kind. */
  readonly folded: (text: string) => string
}

/** Results of one kind in a row on one host, not written yet. */
interface Group {
  readonly first: TaskResult
  /** What all titles begin with. */
  prefix: readonly string[]
  readonly shown: Shown[]
  lastAt: number
}

/**
 * Writes the lines of events, and folds many small results of one kind into one line: `Copy app/… (23 files)`. Of one
 * kind are results in a row of the same play, host, module and status (ok or changed) whose titles begin alike.
 *
 * The lines of a host keep their order, and a failure is written at once, after all that was held back before it.
 */
export class FoldingWriter {
  readonly #write: (lines: readonly string[]) => void
  readonly #check: () => boolean
  /** By host, in the order of their first result. */
  readonly #groups = new Map<string, Group>()
  #timer: NodeJS.Timeout | undefined

  /** @param check - whether the run is in check mode: what would change is then listed one by one. */
  constructor(write: (lines: readonly string[]) => void, check: () => boolean) {
    this.#write = write
    this.#check = check
  }

  /** Takes an event that is no result, and its lines. */
  event(event: Exclude<RunEvent, TaskResult>, lines: readonly string[]): void {
    if (event.type === 'task_start') {
      const group = this.#groups.get(event.host)
      if (group !== undefined && joined(group, event) === undefined) this.flush(event.host)
    } else {
      this.flush()
    }
    this.#write(lines)
  }

  result(event: TaskResult, shown: Shown): void {
    const label = labelOf(event)
    if (!this.#mayFold(event, label)) {
      this.flush(isTrouble(label) ? undefined : event.host)
      this.#write(shown.lines)
      return
    }
    const group = this.#groups.get(event.host)
    const prefix = group !== undefined && sameStatus(group.first, event) ? joined(group, event) : undefined
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

  /** Writes what is held back, of one host or of all. */
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

  #mayFold({ message, attempts }: TaskResult, label: Label): boolean {
    return (label === 'ok' || (label === 'changed' && !this.#check())) && message === undefined && attempts <= 1
  }
}

const isTrouble = (label: Label): boolean => label === 'failed' || label === 'unreachable' || label === 'ignored'

const sameStatus = (a: TaskResult, b: TaskResult): boolean =>
  a.status === b.status && a.handler === b.handler && a.delegatedTo === b.delegatedTo

/** The prefix of a group with one more task in it; undefined where that is of another kind. */
function joined(
  { first, prefix }: Group,
  { play, module, task }: Pick<TaskResult, 'play' | 'module' | 'task'>,
): readonly string[] | undefined {
  if (first.play !== play || first.module !== module) return undefined
  const tokens = tokensOf(task)
  const differs = prefix.findIndex((token, i) => token !== tokens[i])
  const common = differs === -1 ? prefix : prefix.slice(0, differs)
  return namesSomething(common) ? common : undefined
}

/** Parts of a title that end with a space or a slash: `Copy `, `app/`, `counter/`, `web.py`. */
const tokensOf = (title: string): string[] => title.split(/(?<=[\s/])/)

/** A verb alone says nothing about what the results have in common. */
const namesSomething = ([, ...rest]: readonly string[]): boolean =>
  rest.some((token) => /[\p{L}\p{N}]/u.test(token) && !/^(?:an?|the|of|for|to|in|on|from|with)\s/i.test(token))

function linesOf({ first, prefix, shown }: Group): readonly string[] {
  const [one] = shown
  if (one === undefined || shown.length < LEAST) return shown.flatMap(({ lines }) => lines)
  const text = prefix.join('')
  const title = text === first.task ? text : `${text}…`
  const asides = [
    first.handler ? 'handler, ' : '',
    first.delegatedTo === undefined ? '' : `on ${first.delegatedTo}, `,
  ].join('')
  return [one.folded(`${title} (${asides}${shown.length} ${nounOf(first.module)})`)]
}

function nounOf(module: string): string {
  if (module === 'copy' || module === 'template') return 'files'
  return module === 'file' ? 'paths' : 'tasks'
}
