import type { Scope } from '../values/reference.ts'

/** Values registered by tasks, by host. References are resolved from here. */
export class Registry {
  readonly #values = new Map<string, Map<string, unknown>>()
  readonly #pending = new Map<string, Map<string, string>>()
  readonly #failed = new Map<string, Map<string, string>>()
  #version = 0

  /** Increases with each registered value: values resolved at an older version may be outdated. */
  get version(): number {
    return this.#version
  }

  set(host: string, key: string, value: unknown): void {
    this.#version++
    of(this.#values, host).set(key, value)
    of(this.#pending, host).delete(key)
    of(this.#failed, host).delete(key)
  }

  /** The task that registers the value failed, and has none. */
  setFailed(host: string, key: string, task: string): void {
    this.#version++
    of(this.#values, host).delete(key)
    of(this.#pending, host).delete(key)
    of(this.#failed, host).set(key, task)
  }

  /** Check mode: this task would register the value. */
  setPending(host: string, key: string, task: string): void {
    this.#version++
    of(this.#values, host).delete(key)
    of(this.#pending, host).set(key, task)
  }

  scope(host: string): Scope {
    return {
      host,
      has: (key, on) => this.#values.get(on)?.has(key) ?? false,
      get: (key, on) => this.#values.get(on)?.get(key),
      whyMissing: (key, on) => {
        const [pending, failed] = [this.#pending, this.#failed].map((tasks) => tasks.get(on)?.get(key))
        const whose = on === host ? '' : ` on ${on}`
        if (pending !== undefined)
          return { message: `depends on "${pending}"${whose}, which has not run yet`, pending: true }
        const why =
          failed === undefined ? 'the task that registers it has not run' : `"${failed}" failed and returned no values`
        return { message: `nothing is registered as "${key}"${whose}: ${why}`, pending: false }
      },
    }
  }
}

function of<V>(map: Map<string, Map<string, V>>, host: string): Map<string, V> {
  const known = map.get(host) ?? new Map<string, V>()
  map.set(host, known)
  return known
}
