import { basename } from 'node:path'
import * as modules from '../../src/modules/index.ts'
import type { Task } from '../../src/modules/task.ts'
import { register, Register, type Reference } from '../../src/values/reference.ts'
import { secret } from '../../src/values/secret.ts'

/** The name of a module that playbooks have. */
export type ModuleName = keyof typeof modules

/** A task as data, so that it can be made by chance, printed, and handed to another process. */
export interface TaskSpec {
  readonly module: ModuleName
  /** As an author writes them; see {@link hidden} and {@link told} for secrets and references. */
  readonly params: Readonly<Record<string, unknown>>
  /** Keeps what came of it under this name, for {@link told}. */
  readonly register?: string
  readonly ignore_errors?: boolean
  /**
   * A script that ends with 0 only if what the task asks is so. It runs on the node, as root, past Labbook, and looks
   * with other means than the module's probe.
   */
  readonly claim?: string
  /** It changes something at every run (a command). */
  readonly always?: boolean
  /** Only doing it tells whether it can be done: predicted as a change it may fail. */
  readonly mayFail?: boolean
}

interface Mark {
  readonly $secret?: string
  readonly $told?: string
  readonly $field?: string
}

/** A secret as data. */
export const hidden = (text: string): Mark => ({ $secret: text })

/** A field of what an earlier task registered, as data. */
export const told = (name: string, field: string): Mark => ({ $told: name, $field: field })

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive)
  if (typeof value !== 'object' || value === null) return value
  const { $secret, $told, $field } = value as Mark
  if ($secret !== undefined) return secret($secret)
  if ($told !== undefined) return field(register<Record<string, unknown>>($told), $field as string)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revive(item)]))
}

const field = (of: Register<Record<string, unknown>>, name: string): Reference<unknown> =>
  of.map((values: Record<string, unknown> | undefined) => values?.[name])

/** How a task of a list is called: by its place, so that no two are called the same. */
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
