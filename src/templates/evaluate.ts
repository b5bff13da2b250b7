import { attribute, item } from './attributes.ts'
import { bind, type Host, type Plugin } from './arguments.ts'
import { describe } from './describe.ts'
import { Fault, fail } from './fault.ts'
import { binary, compareWith, negative, positive, slice } from './operators.ts'
import type { Scope } from './scope.ts'
import type { Arguments, Expression } from './syntax.ts'
import { toText } from './text.ts'
import {
  Callable,
  characters,
  defined,
  Dict,
  isTrue,
  iterate,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Named,
} from './values.ts'

export interface Environment {
  /**
   * A variable or a function of the environment; undefined: there is none.
   *
   * @param isolated - in a template that is imported without context: functions only.
   */
  resolve(name: string, isolated: boolean): unknown
  readonly filters: (name: string) => Plugin | undefined
  readonly tests: (name: string) => Plugin | undefined
  /** Sentences for names that are known, but not supported. */
  readonly unsupported: (kind: 'filter' | 'test', name: string) => string
}

/** Evaluates expressions with Python's semantics, and Ansible's for what is undefined. */
export class Evaluator {
  readonly #environment: Environment
  readonly #host: Host

  constructor(environment: Environment) {
    this.#environment = environment
    this.#host = {
      filter: (name, value, args, named) => this.#filter(name, value, args, named),
      test: (name, value, args, named) => this.#test(name, value, args, named),
      hasFilter: (name) => environment.filters(name) !== undefined,
      hasTest: (name) => environment.tests(name) !== undefined,
    }
  }

  /** The value of an expression, which may be undefined. @throws {Fault} with the place of the innermost expression. */
  evaluate(node: Expression, scope: Scope): unknown {
    try {
      return this.#evaluate(node, scope)
    } catch (error) {
      if (error instanceof Fault) error.place ??= node.at
      throw error
    }
  }

  /** The value of an expression, which must be defined. */
  value(node: Expression, scope: Scope): unknown {
    const value = this.evaluate(node, scope)
    return value instanceof Undefined ? fail(value.message, node.at) : value
  }

  test(node: Expression, scope: Scope): boolean {
    return isTrue(this.value(node, scope))
  }

  /** Applies the filters of a filter block, innermost first, to its text. */
  applyFilters(node: Expression, text: unknown, scope: Scope): unknown {
    if (node.type !== 'filter') return text
    const input = node.input === undefined ? text : this.applyFilters(node.input, text, scope)
    return this.#call(node.args, scope, (args, named) => this.#filter(node.name, input, args, named))
  }

  #evaluate(node: Expression, scope: Scope): unknown {
    switch (node.type) {
      case 'constant':
        return node.value
      case 'name':
        return this.#name(node.name, scope)
      case 'list':
        return node.items.map((each) => this.evaluate(each, scope))
      case 'tuple':
        return Tuple.make(node.items.map((each) => this.evaluate(each, scope)))
      case 'dict':
        return Dict.from(node.pairs.map(([key, value]) => [this.value(key, scope), this.evaluate(value, scope)]))
      case 'attribute':
        return attribute(this.evaluate(node.object, scope), node.name, describe(node))
      case 'item':
        return this.#item(node, scope)
      case 'slice':
        return fail('a slice is only possible in [ ]')
      case 'call':
        return this.#callExpression(node.callee, node.args, scope)
      case 'filter': {
        const input = this.evaluate(node.input as Expression, scope)
        return this.#call(node.args, scope, (args, named) => this.#filter(node.name, input, args, named))
      }
      case 'test': {
        const input = this.evaluate(node.input, scope)
        return this.#call(node.args, scope, (args, named) => this.#test(node.name, input, args, named))
      }
      case 'not':
        return !this.test(node.operand, scope)
      case 'negative':
        return negative(this.value(node.operand, scope))
      case 'positive':
        return positive(this.value(node.operand, scope))
      case 'and': {
        const left = this.value(node.left, scope)
        return isTrue(left) ? this.evaluate(node.right, scope) : left
      }
      case 'or': {
        const left = this.value(node.left, scope)
        return isTrue(left) ? left : this.evaluate(node.right, scope)
      }
      case 'binary':
        return binary(node.operator, this.value(node.left, scope), this.value(node.right, scope))
      case 'concat':
        return node.items.map((each) => toText(this.value(each, scope))).join('')
      case 'compare':
        return this.#compare(node, scope)
      case 'conditional':
        if (this.test(node.test, scope)) return this.evaluate(node.then, scope)
        return node.otherwise === undefined ? new Undefined('', NO_ELSE, true) : this.evaluate(node.otherwise, scope)
    }
  }

  #name(name: string, scope: Scope): unknown {
    const local = scope.get(name)
    if (local !== undefined) return local
    const variable = this.#environment.resolve(name, scope.isolated)
    return variable === undefined ? new Undefined(name) : variable
  }

  #compare(node: Expression & { type: 'compare' }, scope: Scope): boolean {
    let left = this.value(node.first, scope)
    for (const { operator, operand } of node.rest) {
      const right = this.value(operand, scope)
      if (!compareWith(operator, left, right)) return false
      left = right
    }
    return true
  }

  #item(node: Expression & { type: 'item' }, scope: Scope): unknown {
    const object = this.evaluate(node.object, scope)
    if (node.key.type !== 'slice') return item(object, this.evaluate(node.key, scope), describe(node))
    if (object instanceof Undefined) return fail(object.message)
    const bounds = node.key.bounds.map((bound) => (bound === undefined ? undefined : this.value(bound, scope)))
    if (typeof object === 'string') return slice(characters(object), bounds).join('')
    if (!Array.isArray(object)) return fail(`a ${typeName(object)} has no slices`)
    if (object instanceof Range) return fail('a slice of a range is not supported: use the filter "list" first')
    const items = slice(object as unknown[], bounds)
    return object instanceof Tuple ? Tuple.make(items) : items
  }

  #callExpression(callee: Expression, args: Arguments, scope: Scope): unknown {
    const of = this.value(callee, scope)
    if (!(of instanceof Callable)) return fail(`{{ ${describe(callee)} }} is a ${typeName(of)}, not a function`)
    return this.#call(args, scope, (positional, named) => {
      if (!of.takesUndefined) {
        positional.forEach(defined)
        named.forEach(defined)
      }
      return of.call(positional, named)
    })
  }

  #call<T>(args: Arguments, scope: Scope, run: (positional: readonly unknown[], named: Named) => T): T {
    const positional = args.positional.map((each) => this.evaluate(each, scope))
    if (args.rest !== undefined) positional.push(...iterate(this.value(args.rest, scope)))
    const named = new Map(args.named.map(([name, value]) => [name, this.evaluate(value, scope)]))
    if (args.restNamed !== undefined) {
      const more = this.value(args.restNamed, scope)
      if (!(more instanceof Dict)) return fail('"**" needs a dict')
      for (const [name, value] of more.entries()) named.set(String(name), value)
    }
    return run(positional, named)
  }

  #filter(name: string, input: unknown, args: readonly unknown[], named: Named): unknown {
    const filter = this.#environment.filters(name)
    if (filter === undefined) return fail(this.#environment.unsupported('filter', name))
    return this.#run(name, filter, input, args, named)
  }

  #test(name: string, input: unknown, args: readonly unknown[], named: Named): boolean {
    const test = this.#environment.tests(name)
    if (test === undefined) return fail(this.#environment.unsupported('test', name))
    return isTrue(this.#run(name, test, input, args, named))
  }

  #run(name: string, plugin: Plugin, input: unknown, args: readonly unknown[], named: Named): unknown {
    if (!plugin.takesUndefined) {
      defined(input)
      args.forEach(defined)
      named.forEach(defined)
    }
    const bound = bind(name, plugin, args, named)
    return plugin.run(input, bound.values, { rest: bound.rest, named: bound.named, host: this.#host })
  }
}

const NO_ELSE = 'the "if" has no "else", and its condition is false: add "else"'
