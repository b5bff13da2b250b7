import * as z from 'zod'
import { defineModule, type Task, type TaskKeywords } from '../task.ts'

const ACTIONS = ['flush_handlers', 'end_host', 'end_play', 'end_batch', 'clear_facts', 'noop'] as const

/** What a `meta` task does, in Ansible's words. */
export type MetaAction = (typeof ACTIONS)[number]

/** Ansible runs these once: the first host decides for all. */
const RUN_ONCE: readonly MetaAction[] = ['end_play', 'end_batch', 'clear_facts']

/** Actions of Ansible that Labbook does not have, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  clear_host_errors: 'is not supported: rescue the failure with block and rescue',
  end_role: 'is not supported, as there are no roles: put the tasks in a block with when',
  refresh_inventory: 'is not supported: the inventory is read once per run',
  reset_connection: 'is not supported: use a play of its hosts with another user, or the module reboot',
}

export type MetaKeywords = Pick<TaskKeywords, 'when' | 'tags'>

const schema = z.strictObject({ free_form: z.enum(ACTIONS) })

const call = defineModule<typeof schema, never>({
  name: 'meta',
  schema,
  reads: () => [],
  sets: () => [],
  title: ({ free_form }) => free_form,
  probe: () => ':',
  plan: () => ({ changes: [] }),
})

/**
 * Controls the play instead of changing a host.
 *
 * @throws {TypeError} another action, or another keyword than `when` and `tags`.
 *
 * @example
 * meta('flush_handlers'), meta('end_host', { when: ({ vars }) => vars.spare === true })
 */
export function meta(action: MetaAction, keywords: MetaKeywords = {}): Task {
  if (!ACTIONS.includes(action)) {
    const reason = Object.hasOwn(REFUSED, action) ? REFUSED[action] : `is unknown; valid actions: ${ACTIONS.join(', ')}`
    throw new TypeError(`meta: ${action} ${reason}`)
  }
  const other = Object.keys(keywords).find((key) => key !== 'when' && key !== 'tags')
  if (other !== undefined) throw new TypeError(`meta: ${other} is not supported; meta takes when and tags`)
  return call({ free_form: action, ...keywords, ...(RUN_ONCE.includes(action) ? { run_once: true } : {}) })
}

/** The action of a `meta` task; undefined for any other task. */
export const metaActionOf = ({ module, params }: Task): MetaAction | undefined =>
  module === call.definition ? (params.free_form as MetaAction) : undefined
