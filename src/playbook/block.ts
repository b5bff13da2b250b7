import type { BlockSection, Task, TaskKeywords } from '../modules/task.ts'
import { keywordProblem, refusedKeyword } from '../modules/task-keywords.ts'
import { didYouMean, nearest } from '../text/suggest.ts'
import { CallSite } from '../values/call-site.ts'
import type { TaskList } from './play.ts'
import { tagList } from './tags.ts'

/** Keywords of a block, as in Ansible. Its tasks inherit them. */
const KEYWORDS = [
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

export type BlockKeyword = (typeof KEYWORDS)[number]

const SECTIONS = ['block', 'rescue', 'always'] as const

export interface BlockOptions extends Pick<TaskKeywords, BlockKeyword> {
  readonly block: TaskList
  /** Run if a task of `block` fails. The host then stays in the play. */
  readonly rescue?: TaskList
  /** Run after `block` and `rescue`, whether they failed or not. */
  readonly always?: TaskList
}

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
 * Groups tasks, with Ansible's meaning of `block`, `rescue` and `always`.
 *
 * @throws {TypeError} an option has another type, or is unknown.
 *
 * @example
 * block('Deploy', {
 *   block: [command({ cmd: 'deploy' })],
 *   rescue: [command({ cmd: 'roll-back' })],
 *   always: [file({ path: '/run/deploying', state: 'absent' })],
 * })
 */
export function block(options: BlockOptions): Block
export function block(title: string, options: BlockOptions): Block
export function block(...args: [string, BlockOptions] | [BlockOptions]): Block {
  const [title, options] = args.length === 2 ? args : [undefined, args[0]]
  const problem = blockProblem(options)
  if (problem !== undefined) throw new TypeError(`block${title === undefined ? '' : ` "${title}"`}: ${problem}`)
  const { block: tasks, rescue = [], always = [], ...keywords } = options
  return { title, block: tasks, rescue, always, keywords, at: new CallSite(block) }
}

function blockProblem(options: object): string | undefined {
  if (!('block' in options)) return 'its list of tasks "block" is missing'
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    if ((SECTIONS as readonly string[]).includes(key)) {
      if (!Array.isArray(value)) return `${key} must be a list of tasks`
      continue
    }
    const keyword = KEYWORDS.find((name) => name === key)
    if (keyword === undefined) {
      const hint = didYouMean(nearest(key, [...SECTIONS, ...KEYWORDS]))
      return refusedKeyword(key) ?? `a block has no keyword ${key}${hint === undefined ? '' : `: ${hint}`}`
    }
    const problem = keywordProblem(keyword, value)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** The tasks of all sections of a block, in order, with the keywords that they inherit. */
export function tasksOfBlock(of: Block, flatten: (list: TaskList) => Task[]): Task[] {
  const identity = {}
  return SECTIONS.flatMap((section) => {
    const place: BlockSection = { block: identity, section }
    return flatten(of[section]).map((task) => ({
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
