import { keywordProblem, refusedKeyword } from '../modules/task-keywords.ts'
import type { TaskKeywords } from '../modules/task.ts'
import { didYouMean, nearest } from '../text/suggest.ts'
import { CallSite } from '../values/call-site.ts'
import { BLOCK_KEYWORDS, BLOCK_SECTIONS, type Block, type BlockKeyword, type TaskList } from './task-list.ts'

export interface BlockOptions extends Pick<TaskKeywords, BlockKeyword> {
  readonly block: TaskList
  /** Run if a task of `block` fails. The host then stays in the play. */
  readonly rescue?: TaskList
  /** Run after `block` and `rescue`, whether they failed or not. */
  readonly always?: TaskList
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
    if ((BLOCK_SECTIONS as readonly string[]).includes(key)) {
      if (!Array.isArray(value)) return `${key} must be a list of tasks`
      continue
    }
    const keyword = BLOCK_KEYWORDS.find((name) => name === key)
    if (keyword === undefined) {
      const hint = didYouMean(nearest(key, [...BLOCK_SECTIONS, ...BLOCK_KEYWORDS]))
      return refusedKeyword(key) ?? `a block has no keyword ${key}${hint === undefined ? '' : `: ${hint}`}`
    }
    const problem = keywordProblem(keyword, value)
    if (problem !== undefined) return problem
  }
  return undefined
}
