/** Runs actions with the same key one after another, in the order of the calls. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  async run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const own = before === undefined ? action() : before.then(action, action)
    this.#last.set(key, own)
    try {
      return await own
    } finally {
      if (this.#last.get(key) === own) this.#last.delete(key)
    }
  }
}
