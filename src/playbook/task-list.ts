import type { BlockSection, Task, TaskKeywords } from '../modules/task.ts'
import { tagList } from './tags.ts'

/** Tasks and blocks, nested to any depth. Lists are flattened, so a helper may return several tasks. */
export type TaskList = readonly (Task | Block | TaskList | false | undefined)[]
/** Keywords of a block, as in Ansible. Its tasks inherit them. */
export const BLOCK_KEYWORDS = [
  'when',
  'tags',
  'notify',
  'ignore_errors',
  'ignore_unreachable',
  'any_errors_fatal',
  'run_once',
  'throttle',
  'delegate_to',
  'become',
  'become_user',
  'no_log',
  'timeout',
  'environment',
] as const satisfies readonly (keyof TaskKeywords)[]

export type BlockKeyword = (typeof BLOCK_KEYWORDS)[number]

export const BLOCK_SECTIONS = ['block', 'rescue', 'always'] as const

/** Tasks with common keywords, and what to do if one of them fails. */
export interface Block {
  readonly title: string | undefined
  readonly block: TaskList
  readonly rescue: TaskList
  readonly always: TaskList
  readonly keywords: Pick<TaskKeywords, BlockKeyword>
  /** As in {@link Task.at}. */
  readonly at: { toString(): string }
}

/**
 * Flattens nested task lists and blocks. The tasks of a block know their place in it, and have its keywords.
 * @throws {TypeError} not a list of tasks, as playbooks are not necessarily type-checked.
 */
export function flattenTasks(list: TaskList): Task[] {
  if (!Array.isArray(list)) throw new TypeError(`expected a list of tasks, got ${kindOf(list)}`)
  return (list as TaskList).flatMap((item) => {
    if (!item) return []
    if (typeof item === 'object' && 'module' in item) return [item]
    return typeof item === 'object' && 'block' in item ? tasksOfBlock(item) : flattenTasks(item)
  })
}

function kindOf(value: unknown): string {
  if (value instanceof Promise) return 'a promise (its function must not be async)'
  return value === undefined
    ? 'undefined (does its function return?)'
    : value === null
      ? 'null'
      : `a value of type ${typeof value}`
}

/** The tasks of all sections of a block, in order, with the keywords that they inherit. */
function tasksOfBlock(of: Block): Task[] {
  const identity = {}
  return BLOCK_SECTIONS.flatMap((section) => {
    const place: BlockSection = { block: identity, section }
    return flattenTasks(of[section]).map((task) => ({
      ...task,
      keywords: inherit(of.keywords, task.keywords),
      blocks: [place, ...(task.blocks ?? [])],
    }))
  })
}

/** A task's own keyword replaces that of its block; `when`, `tags` and `environment` add to it. */
function inherit(outer: Block['keywords'], own: TaskKeywords): TaskKeywords {
  const tags = [...tagList(own.tags), ...tagList(outer.tags)]
  const when = bothConditions(outer.when, own.when)
  return {
    ...outer,
    ...own,
    ...(tags.length === 0 ? {} : { tags: [...new Set(tags)] }),
    ...(when === undefined ? {} : { when }),
    ...(outer.environment && own.environment ? { environment: { ...outer.environment, ...own.environment } } : {}),
  }
}

type Condition = TaskKeywords['when']

/** The condition of the block is evaluated first, as the task's may rely on it. */
function bothConditions(outer: Condition, own: Condition): Condition {
  if (outer === undefined || own === undefined) return own ?? outer
  if (typeof outer === 'boolean') return outer && own
  return (on) => outer(on) && (typeof own === 'function' ? own(on) : own)
}
