/** Trackers by the view that they gave out. */
const trackers = new WeakMap<object, ReadTracker>()

/**
 * Notes which of some variables are read, so that one which nobody reads can be named. Views cost nothing while there
 * are no variables to watch for.
 */
export class ReadTracker {
  readonly #watched: ReadonlySet<string>
  readonly #read = new Set<string>()

  /** @param names - of the variables to watch for. */
  constructor(names: Iterable<string>) {
    this.#watched = new Set(names)
  }

  /** Every name that was asked for, also of other variables. */
  get read(): ReadonlySet<string> {
    return this.#read
  }

  get unread(): string[] {
    return [...this.#watched].filter((name) => !this.#read.has(name))
  }

  note(name: string): void {
    this.#read.add(name)
  }

  /** A view of variables that notes what is read by name. To copy or to list all of them is not to read each. */
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
        // As a spread and Object.entries() ask of each key, just before they read it.
        copied = listed.delete(key) ? key : undefined
        return Reflect.getOwnPropertyDescriptor(target, key)
      },
    })
    trackers.set(view, this)
    return view
  }
}

/** A template reads the variables that its expressions name. `vars` is a view or not. */
export function noteTemplate(source: string, vars: object): void {
  const tracker = trackers.get(vars)
  if (tracker === undefined) return
  for (const [expression] of source.matchAll(/\{[{%].*?[%}]\}/gs))
    for (const [name] of expression.matchAll(/[A-Za-z_]\w*/g)) tracker.note(name)
}
