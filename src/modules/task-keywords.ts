import { Register } from '../values/reference.ts'
import * as rule from '../values/value-rules.ts'

const condition: rule.ValueRule = {
  is: (value) => rule.isBoolean(value) || rule.isFunction(value),
  must: 'true, false or a function',
}
const keys: rule.ValueRule = { is: (value) => rule.isListOf(value, rule.isNonEmpty), must: 'a list of resource keys' }

/**
 * The keywords of every task. They are checked when a task is made: not every playbook is type-checked, and a value of
 * another type must not have another meaning.
 */
const KEYWORDS = {
  when: condition,
  register: { is: (value: unknown) => value instanceof Register, must: "made by register('name')" },
  notify: rule.STRINGS,
  tags: rule.STRINGS,
  until: { is: rule.isFunction, must: 'a function' },
  retries: rule.COUNT,
  delay: { is: (value: unknown) => rule.isNumberFrom(value, 0), must: 'a number of seconds, 0 or more' },
  changed_when: condition,
  failed_when: condition,
  ignore_errors: rule.BOOLEAN,
  ignore_unreachable: rule.BOOLEAN,
  any_errors_fatal: rule.BOOLEAN,
  run_once: rule.BOOLEAN,
  throttle: rule.COUNT,
  delegate_to: rule.NAME,
  become: rule.BOOLEAN,
  become_user: rule.NAME,
  no_log: rule.BOOLEAN,
  timeout: { is: (value: unknown) => rule.isNumberFrom(value, Number.MIN_VALUE), must: 'a number of seconds above 0' },
  reads: keys,
  sets: keys,
  environment: {
    is: (value: unknown) => rule.isMapping(value) && rule.isListOf(Object.values(value as object), rule.isString),
    must: 'a mapping of names to strings',
  },
} as const

export type TaskKeyword = keyof typeof KEYWORDS

export const isTaskKeyword = (key: string): key is TaskKeyword => Object.hasOwn(KEYWORDS, key)

/** Why a value is not one of the keyword's; undefined if it is. */
export function keywordProblem(keyword: TaskKeyword, value: unknown): string | undefined {
  const { is, must } = KEYWORDS[keyword]
  return is(value) ? undefined : `${keyword} must be ${must}, not ${shown(value)}`
}

const BACKGROUND = 'a task may run as long as its timeout, in seconds, and shows its output with -v: set timeout'
const ON_OPTION = 'is set for a run, not for a task: use the option'
const VARIABLE = 'is a variable of the host: set'

/** Keywords of Ansible that tasks do not have, and what to write instead. */
const REFUSED: Readonly<Record<string, string>> = {
  action: 'call the module',
  args: "write the module's parameters beside the keywords",
  async: `is not supported, as nothing runs in the background: ${BACKGROUND}`,
  become_exe: `${VARIABLE} ansible_become_exe`,
  become_flags: `${VARIABLE} ansible_become_flags`,
  become_method: 'is not supported: become uses sudo',
  check_mode: `${ON_OPTION} --check`,
  connection: `${VARIABLE} ansible_connection`,
  debugger: 'is not supported: see -vvv and the report',
  delegate_facts: 'is not supported: facts are those of the host',
  diff: `${ON_OPTION} --diff`,
  listen: 'is not supported: notify takes a list of handlers',
  local_action: "use delegate_to: 'localhost'",
  loop: 'is not supported: tasks are data, so write items.map((item) => task)',
  loop_control: 'is not supported: tasks are data, so write items.map((item) => task)',
  module_defaults: 'is not supported: share parameters with { ...defaults }',
  poll: `is not supported, as nothing runs in the background: ${BACKGROUND}`,
  port: `${VARIABLE} ansible_port`,
  remote_user: `${VARIABLE} ansible_user`,
  vars: 'is not supported for this module: use constants of the playbook, or vars of the play',
}

/** Why a keyword of Ansible is refused, and what to write instead; undefined for any other name. */
export const refusedKeyword = (key: string): string | undefined => {
  if (Object.hasOwn(REFUSED, key)) return `${key} ${REFUSED[key]}`
  return key.startsWith('with_') ? `${key} ${REFUSED.loop}` : undefined
}

/** The value if it is short and has no secret, otherwise its type. */
const shown = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value)
    : ['number', 'boolean', 'undefined'].includes(typeof value) || value === null
      ? String(value)
      : Array.isArray(value)
        ? 'a list'
        : value instanceof Promise
          ? 'a promise'
          : `a value of type ${typeof value}`
