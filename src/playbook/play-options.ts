import { didYouMean, nearest } from '../text/suggest.ts'
import * as rule from '../values/value-rules.ts'
import type { Disturbs } from './disturbs.ts'
import type { PlayContext } from './play-context.ts'
import type { RoleCall } from './role.ts'

export type SerialSize = number | `${number}%`

const ORDERS = ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle'] as const
export type Order = (typeof ORDERS)[number]

const STRATEGIES = ['free', 'linear'] as const
export type Strategy = (typeof STRATEGIES)[number]

/** A question for the value of a variable, with Ansible's names. */
export interface VarsPrompt {
  /** The variable. Not asked for if `--extra-vars` sets it. */
  readonly name: string
  /** The question; default: the name. */
  readonly prompt?: string
  /** The value without an answer, and where nobody can be asked. */
  readonly default?: string
  /** The answer is not shown, and masked in all records. Default: true, as in Ansible. */
  readonly private?: boolean
  /** Ask twice. */
  readonly confirm?: boolean
}

export interface PlayOptions {
  /** An Ansible host pattern: `swarm:!node3`. */
  readonly hosts: string
  readonly become?: boolean
  readonly become_user?: string
  readonly gather_facts?: boolean
  readonly vars?: Readonly<Record<string, unknown>>
  /** Variables that the user is asked for, before the run does anything. */
  readonly vars_prompt?: readonly VarsPrompt[]
  readonly tags?: string | readonly string[]
  /** Roles, whose tasks run before those of the play. */
  readonly roles?: readonly RoleCall[] | ((on: PlayContext) => readonly RoleCall[])
  /**
   * Batch size: a number of hosts, a percentage such as `30%`, or a list of both, whose last entry repeats. 0: all
   * hosts. Each batch completes the play before the next starts.
   */
  readonly serial?: SerialSize | readonly SerialSize[]
  /** The order of the hosts; default: as in the inventory. */
  readonly order?: Order
  /**
   * `free` (the default): hosts do not wait for each other. `linear`: no host starts a task before all have ended the
   * one before.
   */
  readonly strategy?: Strategy
  /** At most this many hosts run the same task at the same time; 0: as many as `--forks`. */
  readonly throttle?: number
  /** Handlers that were notified run even on hosts that failed. Default: `--force-handlers`. */
  readonly force_handlers?: boolean
  /** Hosts that are unreachable stay in the play. */
  readonly ignore_unreachable?: boolean
  /** The first failed host ends the run. Without it, the run ends when all hosts of a batch have failed. */
  readonly any_errors_fatal?: boolean
  /** The run ends if more than this percentage of a batch fails. Unreachable hosts do not count. */
  readonly max_fail_percentage?: number
  /**
   * Hosts on which this play removes data or services, and what it does there. Hosts outside Labbook's lab require
   * permission.
   */
  readonly disturbs?: Disturbs
}

const isOneOf =
  (words: readonly string[]): rule.ValueTest =>
  (value) =>
    words.includes(value as string)

const isPercentage: rule.ValueTest = (value) => rule.isNumberFrom(value, 0) && value <= 100

const isSerial: rule.ValueTest = (value) =>
  rule.isCount(value) || (typeof value === 'string' && /^\d+(\.\d+)?%$/.test(value))

const QUESTION_TYPES: Readonly<Record<keyof VarsPrompt, string>> = {
  name: 'string',
  prompt: 'string',
  default: 'string',
  private: 'boolean',
  confirm: 'boolean',
}

const isQuestion: rule.ValueTest = (value) =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  value.name !== '' &&
  Object.entries(value).every(
    ([key, each]) =>
      Object.hasOwn(QUESTION_TYPES, key) &&
      (each === undefined || typeof each === QUESTION_TYPES[key as keyof VarsPrompt]),
  )

const isRoleCall: rule.ValueTest = (value) => typeof value === 'object' && value !== null && 'role' in value

const OPTIONS: Readonly<Record<keyof PlayOptions, rule.ValueRule>> = {
  hosts: { is: rule.isNonEmpty, must: 'a host pattern' },
  become: rule.BOOLEAN,
  become_user: rule.NAME,
  gather_facts: rule.BOOLEAN,
  vars: { is: rule.isMapping, must: 'a mapping' },
  vars_prompt: {
    is: (value) => rule.isListOf(value, isQuestion),
    must: 'a list of { name, prompt, default, private, confirm }',
  },
  roles: {
    is: (value) => rule.isFunction(value) || rule.isListOf(value, isRoleCall),
    must: 'a list of calls of roles, or a function that returns one',
  },
  tags: rule.STRINGS,
  serial: {
    is: (value) => isSerial(value) || (rule.isListOf(value, isSerial) && (value as unknown[]).length > 0),
    must: "a whole number, a percentage such as '30%', or a list of both",
  },
  order: { is: isOneOf(ORDERS), must: `one of ${ORDERS.join(', ')}` },
  strategy: { is: isOneOf(STRATEGIES), must: `one of ${STRATEGIES.join(', ')}` },
  throttle: rule.COUNT,
  force_handlers: rule.BOOLEAN,
  ignore_unreachable: rule.BOOLEAN,
  any_errors_fatal: rule.BOOLEAN,
  max_fail_percentage: { is: isPercentage, must: 'a number from 0 to 100' },
  disturbs: { is: rule.isFunction, must: 'a function' },
}

const LISTED = "list the tasks in order, with meta('flush_handlers') where handlers must run before the next"

/** Options of plays in Ansible that Labbook's do not have, and what to write instead. */
const REFUSED: Readonly<Record<string, string>> = {
  pre_tasks: LISTED,
  post_tasks: LISTED,
  tasks: 'the third argument of play() is the function that returns the tasks',
  handlers: 'the fourth argument of play() has the handlers',
  vars_files: 'read the files in the playbook, or use -e @FILE',
  remote_user: 'set the variable ansible_user',
  connection: 'set the variable ansible_connection',
}

/** Why options are not those of a play; undefined if they are. */
export function playOptionsProblem(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return 'its options must be a mapping'
  if (!('hosts' in options)) return 'hosts is missing'
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!Object.hasOwn(OPTIONS, key)) {
      const refused = Object.hasOwn(REFUSED, key) ? REFUSED[key] : undefined
      const hint = refused ?? didYouMean(nearest(key, Object.keys(OPTIONS)))
      return `unknown option ${key}${hint === undefined ? '' : `: ${hint}`}`
    }
    const { is, must } = OPTIONS[key as keyof PlayOptions]
    if (!is(value)) return `${key} must be ${must}, not ${JSON.stringify(value)}`
  }
  return undefined
}
