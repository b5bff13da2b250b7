import type { z } from 'zod'
import { CallSite } from '../values/call-site.ts'
import type { Deep, Register, Scope } from '../values/reference.ts'
import type { ModuleDefinition } from './module.ts'
import { isTaskKeyword, keywordProblem, refusedKeyword, type TaskKeyword } from './task-keywords.ts'

/** Input of a condition. */
export interface Conditions {
  readonly host: string
  readonly vars: Readonly<Record<string, unknown>>
  /** Value of a registered variable. */
  readonly value: <T>(reference: { read(scope: Scope): T }) => T
}

/** Input of `changed_when`, `failed_when` and `until`. */
export interface Attempt<V> {
  readonly values: V
  readonly stdout: string
  readonly stderr: string
  readonly rc: number
}

/** Keywords of every task, with Ansible's names. A module's own parameter of the same name takes precedence. */
export interface TaskKeywords<V = unknown> {
  /** Run the task only if true. */
  readonly when?: boolean | ((on: Conditions) => boolean)
  /** Register the result in this variable. */
  readonly register?: Register<V>
  /** Handlers to run at the end of the play if this task changes something. */
  readonly notify?: string | readonly string[]
  readonly tags?: string | readonly string[]
  /** Retry up to `retries` times, with `delay` seconds between, until true. Default 3 and 5. */
  readonly until?: (attempt: Attempt<V>) => boolean
  readonly retries?: number
  readonly delay?: number
  readonly changed_when?: boolean | ((attempt: Attempt<V>) => boolean)
  readonly failed_when?: boolean | ((attempt: Attempt<V>) => boolean)
  readonly ignore_errors?: boolean
  /** If the host is unreachable, it stays in the play. */
  readonly ignore_unreachable?: boolean
  /** A failure of this task fails all hosts of the play. */
  readonly any_errors_fatal?: boolean
  /** Run on the first host of the play only; all hosts get the result. */
  readonly run_once?: boolean
  /** At most this many hosts run the task at the same time; 0: as many as `--forks`. */
  readonly throttle?: number
  /** Run on this host instead of the play's. */
  readonly delegate_to?: string
  readonly become?: boolean
  readonly become_user?: string
  /** Keep parameters, output and diff out of every record. */
  readonly no_log?: boolean
  /** Timeout in seconds. */
  readonly timeout?: number
  /**
   * Check mode: resource keys that the task depends on, in addition to those of its module. Where a module cannot know
   * them, as for a command, it depends on these only, instead of on anything.
   */
  readonly reads?: readonly string[]
  /** Check mode: resource keys that the task can set, as {@link reads}. */
  readonly sets?: readonly string[]
  /** Environment variables of the task's scripts. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Every keyword is checked when a task is made. */
type Unchecked = Exclude<keyof TaskKeywords, TaskKeyword>
true satisfies [Unchecked] extends [never] ? true : Unchecked

/** A call of a module with its parameters. */
export interface Task {
  readonly title: string | undefined
  readonly module: ModuleDefinition
  /** May contain references; resolved for each host, then validated by the module's schema. */
  readonly params: Readonly<Record<string, unknown>>
  readonly keywords: TaskKeywords
  /** The directory of its role, whose files are searched first. */
  readonly directory?: string
  /** Reads as `file:line:col` of the call in the playbook, for messages. */
  readonly at: { toString(): string }
  /** The blocks that it is in, the outermost first. Its keywords include those that it inherits from them. */
  readonly blocks?: readonly BlockSection[]
}

/** A section of a block, at one place of a task list. */
export interface BlockSection {
  /** Identifies the block: another object for each place of the list. */
  readonly block: object
  readonly section: 'block' | 'rescue' | 'always'
}

type Params<S extends z.ZodType> = { [K in keyof z.input<S>]: Deep<z.input<S>[K]> }

/** A module in playbooks: `apt({ name: 'curl' })`, or with a title first: `apt('Install curl', { name: 'curl' })`. */
export interface ModuleCall<S extends z.ZodType, V> {
  (params: Params<S> & Omit<TaskKeywords<V>, keyof z.input<S>>): Task
  (title: string, params: Params<S> & Omit<TaskKeywords<V>, keyof z.input<S>>): Task
  readonly definition: ModuleDefinition<S, V>
}

/** Creates a module from its definition. Its calls throw a TypeError for a keyword of another type. */
export function defineModule<S extends z.ZodObject, V = unknown>(definition: ModuleDefinition<S, V>): ModuleCall<S, V> {
  const own = new Set(Object.keys(definition.schema.shape))
  const call = (...args: [string, object] | [object]): Task => {
    const [title, options] = args.length === 2 ? args : [undefined, args[0]]
    const params: Record<string, unknown> = {}
    const keywords: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(options)) {
      if (value === undefined) continue
      if (own.has(key) || (!isTaskKeyword(key) && refusedKeyword(key) === undefined)) {
        params[key] = value
        continue
      }
      const problem = isTaskKeyword(key) ? keywordProblem(key, value) : refusedKeyword(key)
      if (problem !== undefined) throw new TypeError(`${definition.name}: ${problem}`)
      keywords[key] = value
    }
    return { title, module: definition, params, keywords, at: new CallSite(call) }
  }
  return Object.assign(call, { definition })
}
