import { z } from 'zod'
import { Register } from '../values/reference.ts'

const isFunction = z.custom((value) => typeof value === 'function')
const condition = { schema: z.union([z.boolean(), isFunction]), must: 'true, false or a function' }
const boolean = { schema: z.boolean(), must: 'true or false' }
const names = { schema: z.union([z.string(), z.array(z.string())]), must: 'a string or a list of strings' }
const keys = { schema: z.array(z.string().min(1)), must: 'a list of resource keys' }
const name = { schema: z.string().min(1), must: 'a string that is not empty' }

/**
 * The keywords of every task. They are checked when a task is made: not every playbook is type-checked, and a value of
 * another type must not have another meaning.
 */
const KEYWORDS = {
  when: condition,
  register: { schema: z.instanceof(Register), must: "made by register('name')" },
  notify: names,
  tags: names,
  until: { schema: isFunction, must: 'a function' },
  retries: { schema: z.number().int().min(0), must: 'a whole number, 0 or more' },
  delay: { schema: z.number().min(0), must: 'a number of seconds, 0 or more' },
  changed_when: condition,
  failed_when: condition,
  ignore_errors: boolean,
  run_once: boolean,
  delegate_to: name,
  become: boolean,
  become_user: name,
  no_log: boolean,
  timeout: { schema: z.number().positive(), must: 'a number of seconds above 0' },
  reads: keys,
  sets: keys,
  environment: { schema: z.record(z.string(), z.string()), must: 'a mapping of names to strings' },
} as const

export type TaskKeyword = keyof typeof KEYWORDS

export const isTaskKeyword = (key: string): key is TaskKeyword => Object.hasOwn(KEYWORDS, key)

/** Why a value is not one of the keyword's; undefined if it is. */
export function keywordProblem(keyword: TaskKeyword, value: unknown): string | undefined {
  const { schema, must } = KEYWORDS[keyword]
  return schema.safeParse(value).success ? undefined : `${keyword} must be ${must}, not ${shown(value)}`
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
