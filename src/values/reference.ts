import { Secret } from './secret.ts'

/** Resolves references to registered values. */
export interface Scope {
  /** The host for which the reference is resolved. */
  readonly host: string
  /** Whether a value is registered under this name for this host. */
  has(name: string, host: string): boolean
  /** The registered value. Requires {@link Scope.has}. */
  get(name: string, host: string): unknown
  /** Why no value is registered yet, and whether check mode is the reason. */
  whyMissing(name: string, host: string): { readonly message: string; readonly pending: boolean }
}

/** A reference was read before the task that registers its value has run. */
export class UnresolvedReference extends Error {
  override readonly name = 'Unresolved'
  /** Check mode: the task would have run. */
  readonly pending: boolean

  constructor({ message, pending }: { readonly message: string; readonly pending: boolean }) {
    super(message)
    this.pending = pending
  }
}

/** A value that an earlier task produces during the run. */
export class Reference<T> {
  readonly #read: (scope: Scope) => T

  constructor(read: (scope: Scope) => T) {
    this.#read = read
  }

  /** @throws {UnresolvedReference} the task that registers the value has not run. */
  read(scope: Scope): T {
    return this.#read(scope)
  }

  /** A reference to a value derived from this one. */
  map<U>(f: (value: T) => U): Reference<U> {
    return new Reference((scope) => f(this.#read(scope)))
  }
}

/**
 * A name for a task's result (Ansible's `register`), with the result's type.
 *
 * @example
 * const tokens = register<SwarmValues>('tokens')
 * docker_swarm({ state: 'present', register: tokens })
 * docker_swarm({ state: 'join', join_token: tokens.on('node1').map((v) => v.worker_token) })
 */
export class Register<T> extends Reference<T> {
  readonly key: string

  constructor(key: string) {
    super((scope) => readRegistered(key, scope.host, scope) as T)
    this.key = key
  }

  /** The result that another host registered under this name. */
  on(host: string): Reference<T> {
    return new Reference((scope) => readRegistered(this.key, host, scope) as T)
  }
}

/** Declares a {@link Register}. */
export const register = <T>(key: string): Register<T> => new Register<T>(key)

function readRegistered(key: string, host: string, scope: Scope): unknown {
  if (!scope.has(key, host)) throw new UnresolvedReference(scope.whyMissing(key, host))
  return scope.get(key, host)
}

/** `T`, in which any part may be a reference. */
export type Deep<T> =
  | Reference<T>
  | (T extends string | number | boolean | null | undefined | Secret
      ? T
      : T extends readonly (infer U)[]
        ? readonly Deep<U>[]
        : T extends object
          ? { [K in keyof T]: Deep<T[K]> }
          : T)

/**
 * Replaces all references in a value. Without references, it returns the identical object, so that caches by identity
 * work.
 * @throws {UnresolvedReference} a referenced value does not exist yet.
 */
export function resolveDeep(value: unknown, scope: Scope): unknown {
  if (value instanceof Reference) return resolveDeep(value.read(scope), scope)
  if (Array.isArray(value)) {
    const items = value.map((item) => resolveDeep(item, scope))
    return items.every((item, i) => item === value[i]) ? value : items
  }
  if (isPlain(value)) {
    const entries = Object.entries(value)
    const resolved = entries.map(([key, item]): [string, unknown] => [key, resolveDeep(item, scope)])
    return resolved.every(([, item], i) => item === entries[i]?.[1]) ? value : Object.fromEntries(resolved)
  }
  return value
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
