import { asInt } from './arguments.ts'
import { equals } from './compare.ts'
import { fail } from './fault.ts'
import { Callable, Members, Undefined } from './values.ts'

/** Jinja2's `loop`. */
export class Loop {
  readonly #items: readonly unknown[]
  readonly #depth: number
  readonly #methods: ReadonlyMap<string, Callable>
  index = 0
  #last: readonly unknown[] | undefined

  constructor(items: readonly unknown[], depth: number) {
    this.#items = items
    this.#depth = depth
    this.#methods = new Map([
      [
        'cycle',
        new Callable('loop.cycle', (args) =>
          args.length === 0 ? fail('"loop.cycle" needs values') : args[this.index % args.length],
        ),
      ],
      [
        'changed',
        new Callable('loop.changed', (args) => {
          const same = this.#last !== undefined && equals([...this.#last], [...args])
          this.#last = args
          return !same
        }),
      ],
    ])
  }

  /** As a value of the template. */
  members(): Members {
    return new Members('loop', (name) => this.#get(name))
  }

  #get(name: string): unknown {
    const { length } = this.#items
    switch (name) {
      case 'index':
        return this.index + 1
      case 'index0':
        return this.index
      case 'revindex':
        return length - this.index
      case 'revindex0':
        return length - this.index - 1
      case 'first':
        return this.index === 0
      case 'last':
        return this.index === length - 1
      case 'length':
        return length
      case 'depth':
        return this.#depth
      case 'depth0':
        return asInt(this.#depth, 'depth') - 1
      case 'previtem':
        return this.index === 0 ? new Undefined('loop.previtem') : this.#items[this.index - 1]
      case 'nextitem':
        return this.index === length - 1 ? new Undefined('loop.nextitem') : this.#items[this.index + 1]
      default:
        return this.#methods.get(name)
    }
  }
}
