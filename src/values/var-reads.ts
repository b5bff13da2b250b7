/** Trackers by the views they created. */
const trackers = new WeakMap<object, VarReadTracker>()

/** Tracks which variables are read, to report unused ones. Views are free if there are no variables to track. */
export class VarReadTracker {
  /** Variables that the playbook declares, whether or not it reads them in this run. */
  readonly declaredNames: readonly string[]
  readonly #watched: ReadonlySet<string>
  readonly #read = new Set<string>()

  /**
   * @param names - the variables to track.
   * @param declaredNames - see {@link VarReadTracker.declaredNames}.
   */
  constructor(names: Iterable<string>, declaredNames: readonly string[] = []) {
    this.declaredNames = declaredNames
    this.#watched = new Set(names)
  }

  /** All names read, including those of other variables. */
  get readNames(): ReadonlySet<string> {
    return this.#read
  }

  get unreadNames(): string[] {
    return [...this.#watched].filter((name) => !this.#read.has(name))
  }

  add(name: string): void {
    this.#read.add(name)
  }

  /** A view that records reads by name. Copying or listing all variables does not count as reading them. */
  view<T extends object>(vars: T): T {
    if (this.#watched.size === 0) return vars
    let listed = new Set<string | symbol>()
    let copied: string | symbol | undefined
    const view = new Proxy(vars, {
      get: (target, key, receiver) => {
        if (typeof key === 'string' && key !== copied) this.#read.add(key)
        copied = undefined
        return Reflect.get(target, key, receiver) as unknown
      },
      has: (target, key) => {
        if (typeof key === 'string') this.#read.add(key)
        return Reflect.has(target, key)
      },
      ownKeys: (target) => {
        const keys = Reflect.ownKeys(target)
        listed = new Set(keys)
        return keys
      },
      getOwnPropertyDescriptor: (target, key) => {
        // Spread and Object.entries() request a key's descriptor just before reading it.
        copied = listed.delete(key) ? key : undefined
        return Reflect.getOwnPropertyDescriptor(target, key)
      },
    })
    trackers.set(view, this)
    return view
  }
}

/** Records the variables named in a template's expressions. `vars` may be a plain object. */
export function trackTemplateReads(source: string, vars: object): void {
  const tracker = trackers.get(vars)
  if (tracker === undefined) return
  for (const name of namesIn(source)) tracker.add(name)
}

/** Words in the expressions of a template. */
const namesIn = (source: string): readonly string[] =>
  (source.match(/\{[{%].*?[%}]\}/gs) ?? []).flatMap((expression) => expression.match(/[A-Za-z_]\w*/g) ?? [])
