import type { z } from 'zod'
import { CallSite } from '../values/call-site.ts'
import type { Deep, Register, Scope } from '../values/reference.ts'
import type { ModuleDefinition } from './module.ts'

/** What a condition can look at. */
export interface Conditions {
  readonly host: string
  readonly vars: Readonly<Record<string, unknown>>
  /** Reads what a task registered. */
  value<T>(reference: { read(scope: Scope): T }): T
}

/** What `changed_when`, `failed_when` and `until` judge. */
export interface Attempt<V> {
  readonly values: V
  readonly stdout: string
  readonly stderr: string
  readonly rc: number
}

/** The keywords every task takes, with Ansible's names. A module's own parameter of the same name goes first. */
export interface TaskKeywords<V = unknown> {
  /** Runs only where this holds. */
  readonly when?: boolean | ((on: Conditions) => boolean)
  /** Keeps the result under this name. */
  readonly register?: Register<V>
  /** Handlers to run at the end of the play if this task changes something. */
  readonly notify?: string | readonly string[]
  readonly tags?: string | readonly string[]
  /** Tries again, up to `retries` times with `delay` seconds between, until this holds. Default 3 and 5. */
  readonly until?: (attempt: Attempt<V>) => boolean
  readonly retries?: number
  readonly delay?: number
  readonly changed_when?: boolean | ((attempt: Attempt<V>) => boolean)
  readonly failed_when?: boolean | ((attempt: Attempt<V>) => boolean)
  readonly ignore_errors?: boolean
  /** Runs on the first host of the play only; all hosts get the result. */
  readonly run_once?: boolean
  /** Runs on this host in place of the play's. */
  readonly delegate_to?: string
  readonly become?: boolean
  readonly become_user?: string
  /** Keeps parameters, output and diff out of every record. */
  readonly no_log?: boolean
  /** Seconds the task may take. */
  readonly timeout?: number
  /** Environment of the changes' scripts. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A module with parameters, on its way to the hosts of a play. */
export interface Task {
  readonly title: string | undefined
  readonly module: ModuleDefinition
  /** May hold references; resolved for each host, then checked against the module's schema. */
  readonly params: Readonly<Record<string, unknown>>
  readonly keywords: TaskKeywords
  /** Reads as `file:line:col` of the call in the playbook, for messages. */
  readonly at: { toString(): string }
}

type Params<S extends z.ZodType> = { [K in keyof z.input<S>]: Deep<z.input<S>[K]> }

/** What authors call: `apt({ name: 'curl' })`, or with a title first: `apt('Install curl', { name: 'curl' })`. */
export interface ModuleCall<S extends z.ZodType, V> {
  (params: Params<S> & Omit<TaskKeywords<V>, keyof z.input<S>>): Task
  (title: string, params: Params<S> & Omit<TaskKeywords<V>, keyof z.input<S>>): Task
  readonly definition: ModuleDefinition<S, V>
}

const KEYWORDS = new Set<string>([
  'when',
  'register',
  'notify',
  'tags',
  'until',
  'retries',
  'delay',
  'changed_when',
  'failed_when',
  'ignore_errors',
  'run_once',
  'delegate_to',
  'become',
  'become_user',
  'no_log',
  'timeout',
  'environment',
] satisfies (keyof TaskKeywords)[])

/** Makes a module out of its definition. */
export function defineModule<S extends z.ZodObject, V = unknown>(definition: ModuleDefinition<S, V>): ModuleCall<S, V> {
  const own = new Set(Object.keys(definition.schema.shape))
  const call = (...args: [string, object] | [object]): Task => {
    const [title, given] = args.length === 2 ? args : [undefined, args[0]]
    const params: Record<string, unknown> = {}
    const keywords: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(given)) {
      if (value === undefined) continue
      ;(KEYWORDS.has(key) && !own.has(key) ? keywords : params)[key] = value
    }
    return { title, module: definition as unknown as ModuleDefinition, params, keywords, at: new CallSite(call) }
  }
  return Object.assign(call, { definition }) as ModuleCall<S, V>
}
