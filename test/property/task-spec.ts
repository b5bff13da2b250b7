import { basename } from 'node:path'
import * as modules from '../../src/modules/index.ts'
import type { Task } from '../../src/modules/task.ts'
import { register, Register, type Reference } from '../../src/values/reference.ts'
import { secret } from '../../src/values/secret.ts'

/** Name of a module. */
export type ModuleName = keyof typeof modules

/** A task as data: can be generated, printed, and passed to another process. */
export interface TaskSpec {
  readonly module: ModuleName
  /** As in a playbook; see {@link secretValue} and {@link registered} for secrets and references. */
  readonly params: Readonly<Record<string, unknown>>
  /** Registers the result under this name, for {@link registered}. */
  readonly register?: string
  readonly ignore_errors?: boolean
  /**
   * A script that exits with 0 only if the task's state is reached. Runs on the node as root, without Labbook, and
   * checks by other means than the module's probe.
   */
  readonly claim?: string
  /** It reports changed at every run (a command). */
  readonly always?: boolean
  /** It may fail although predicted as changed: only the run can tell. */
  readonly mayFail?: boolean
}

interface Mark {
  readonly $secret?: string
  readonly $registered?: string
  readonly $field?: string
}

/** A secret as data. */
export const secretValue = (text: string): Mark => ({ $secret: text })

/** A field of an earlier task's registered value, as data. */
export const registered = (name: string, field: string): Mark => ({ $registered: name, $field: field })

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive)
  if (typeof value !== 'object' || value === null) return value
  const { $secret, $registered, $field } = value as Mark
  if ($secret !== undefined) return secret($secret)
  if ($registered !== undefined) return field(register<Record<string, unknown>>($registered), $field as string)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revive(item)]))
}

const field = (of: Register<Record<string, unknown>>, name: string): Reference<unknown> =>
  of.map((values: Record<string, unknown> | undefined) => values?.[name])

/** Title of a task in a list: unique by its position. */
export const titleOf = ({ module }: TaskSpec, index: number): string => `${index + 1} ${module}`

/** The task that a playbook would have. */
export function taskOf(spec: TaskSpec, index: number): Task {
  const { definition } = modules[spec.module] as unknown as { readonly definition: Task['module'] }
  return {
    title: titleOf(spec, index),
    module: definition,
    params: revive(spec.params) as Task['params'],
    keywords: {
      ...(spec.register === undefined ? {} : { register: register(spec.register) }),
      ...(spec.ignore_errors === undefined ? {} : { ignore_errors: spec.ignore_errors }),
    },
    at: basename(import.meta.filename),
  }
}
