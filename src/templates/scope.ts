/** Variables that a template sets, block by block. */
export class Scope {
  readonly #variables = new Map<string, unknown>()
  readonly #parent: Scope | undefined
  /** Of a template that is imported without context: it does not see the host's variables. */
  readonly isolated: boolean

  constructor(parent?: Scope, isolated = parent?.isolated ?? false) {
    this.#parent = parent
    this.isolated = isolated
  }

  /** Undefined: no block has set it. */
  get(name: string): unknown {
    const own = this.#variables.get(name)
    return own === undefined ? this.#parent?.get(name) : own
  }

  set(name: string, value: unknown): void {
    this.#variables.set(name, value)
  }

  /** The variables of this block alone. */
  own(): ReadonlyMap<string, unknown> {
    return this.#variables
  }
}
