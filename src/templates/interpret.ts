import { plugin, bind } from './arguments.ts'
import { Evaluator, type Environment } from './evaluate.ts'
import { fail, MissingTemplate, type Place } from './fault.ts'
import { Loop } from './loop.ts'
import { collectBlocks, joined, mentions, printable, type Blocks, type Output } from './output.ts'
import { Scope } from './scope.ts'
import type { Body, Expression, Statement, Target } from './syntax.ts'
import { Callable, Dict, iterate, Members, Tuple, typeName, Undefined } from './values.ts'

/** What belongs to one template while it is rendered: its blocks, and the template that it extends. */
interface Frame {
  readonly top: Scope
  readonly blocks: Blocks
  parent: readonly Statement[] | undefined
}

/** Finds a template by name. @throws {MissingTemplate} */
export type Load = (name: string) => readonly Statement[]

/** Runs the statements of a template. */
export class Interpreter {
  readonly #evaluator: Evaluator
  readonly #load: Load

  constructor(environment: Environment, load: Load) {
    this.#evaluator = new Evaluator(environment)
    this.#load = load
  }

  /** The value of a template: of a single expression its own, of text and several expressions a text. */
  render(statements: readonly Statement[]): unknown {
    return joined(this.#template(statements, new Scope()))
  }

  #template(statements: readonly Statement[], scope: Scope, inherited: Blocks = new Map()): Output {
    const blocks = new Map(inherited)
    collectBlocks(statements, blocks)
    const frame: Frame = { top: scope, blocks, parent: undefined }
    const output: Output = []
    this.#run(statements, scope, frame, output)
    return frame.parent === undefined ? output : this.#template(frame.parent, scope, blocks)
  }

  #run(statements: readonly Statement[], scope: Scope, frame: Frame, output: Output): void {
    for (const statement of statements) this.#statement(statement, scope, frame, output)
  }

  /** The value of a block's body. */
  #body(statements: readonly Statement[], scope: Scope, frame: Frame): unknown {
    const output: Output = []
    this.#run(statements, scope, frame, output)
    return joined(output)
  }

  #statement(node: Statement, scope: Scope, frame: Frame, output: Output): void {
    // What follows "extends" is not printed, except in blocks.
    const print = (value: unknown): void => {
      if (frame.parent === undefined && value !== null) output.push(value)
    }
    switch (node.type) {
      case 'text':
        print(node.text)
        break
      case 'output': {
        const value = this.#evaluator.evaluate(node.value, scope)
        if (value instanceof Undefined && !value.silent) fail(value.message, node.value.at)
        print(value instanceof Undefined ? value : printable(value, node.value.at))
        break
      }
      case 'if': {
        const branch = node.branches.find(({ test }) => this.#evaluator.test(test, scope))
        this.#run(branch?.body ?? node.otherwise, scope, frame, output)
        break
      }
      case 'for':
        this.#for(node, this.#evaluator.value(node.items, scope), scope, frame, output, 1)
        break
      case 'set':
        this.#assign(node.target, this.#evaluator.evaluate(node.value, scope), scope)
        break
      case 'setBlock': {
        const body = this.#body(node.body, new Scope(scope), frame)
        this.#assign(node.target, node.filter === undefined ? body : this.#filtered(node.filter, body, scope), scope)
        break
      }
      case 'with': {
        const inner = new Scope(scope)
        const values = node.variables.map(([, value]) => this.#evaluator.evaluate(value, scope))
        node.variables.forEach(([target], i) => this.#assign(target, values[i], inner))
        this.#run(node.body, inner, frame, output)
        break
      }
      case 'macro':
        scope.set(node.name, this.#macro(node, scope, frame))
        break
      case 'callBlock': {
        const caller = this.#macro({ ...node, name: 'caller' }, scope, frame)
        const call = node.call as Expression & { type: 'call' }
        const target = this.#evaluator.value(call.callee, scope)
        if (!(target instanceof Callable)) fail(`"call" needs a macro, not a ${typeName(target)}`, node.at)
        const inner = new Scope(scope)
        inner.set('\0caller', caller)
        const named = [...call.args.named, ['caller', { type: 'name', at: node.at, name: '\0caller' }] as const]
        print(this.#evaluator.evaluate({ ...call, args: { ...call.args, named } }, inner))
        break
      }
      case 'filterBlock':
        print(this.#filtered(node.filter, this.#body(node.body, new Scope(scope), frame), scope))
        break
      case 'block':
        if (frame.parent === undefined) this.#block(node.name, 0, frame, output)
        break
      case 'extends':
        if (frame.parent !== undefined) fail('a template can extend only one other', node.at)
        frame.parent = this.#find(this.#evaluator.value(node.template, scope), node.at)
        break
      case 'include':
        for (const value of this.#include(node, scope)) print(value)
        break
      case 'import':
        this.#import(node, scope)
        break
    }
  }

  #filtered(filter: Expression, body: unknown, scope: Scope): unknown {
    return this.#evaluator.applyFilters(filter, body ?? '', scope)
  }

  #for(
    node: Statement & { type: 'for' },
    items: unknown,
    scope: Scope,
    frame: Frame,
    output: Output,
    depth: number,
  ): void {
    const all = this.#at(node.items.at, () => iterate(items))
    const { test } = node
    const kept =
      test === undefined
        ? all
        : all.filter((value) => {
            const inner = new Scope(scope)
            this.#assign(node.target, value, inner)
            return this.#evaluator.test(test, inner)
          })
    if (kept.length === 0) {
      this.#run(node.otherwise, new Scope(scope), frame, output)
      return
    }
    const loop = new Loop(kept, depth)
    const members = node.recursive
      ? new Callable(
          'loop',
          (args) => {
            const inside: Output = []
            this.#for(node, args[0], scope, frame, inside, depth + 1)
            return joined(inside)
          },
          { attribute: loop.members().get },
        )
      : loop.members()
    kept.forEach((value, i) => {
      loop.index = i
      const inner = new Scope(scope)
      inner.set('loop', members)
      this.#assign(node.target, value, inner)
      this.#run(node.body, inner, frame, output)
    })
  }

  #at<T>(place: Place, run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (error instanceof Error && 'place' in error) error.place ??= place
      throw error
    }
  }

  #assign(target: Target, value: unknown, scope: Scope): void {
    switch (target.type) {
      case 'name':
        scope.set(target.name, value)
        break
      case 'member': {
        const object = this.#evaluator.value({ type: 'name', at: target.at, name: target.namespace }, scope)
        if (!(object instanceof Members) || object.set === undefined)
          fail(`"${target.namespace}" is no namespace(), so "${target.name}" cannot be set`, target.at)
        object.set(target.name, value)
        break
      }
      case 'targets': {
        const values = this.#at(target.at, () => iterate(value))
        if (values.length !== target.items.length)
          fail(`${target.items.length} variables cannot take ${values.length} values`, target.at)
        target.items.forEach((each, i) => this.#assign(each, values[i], scope))
      }
    }
  }

  #macro({ name, parameters, body }: Body, scope: Scope, frame: Frame): Callable {
    const uses = (word: string): boolean => mentions(body, word)
    const [takesRest, takesNamed, takesCaller] = [uses('varargs'), uses('kwargs'), uses('caller')]
    const spec = plugin(
      parameters.map((parameter) => [parameter.name, MISSING]),
      () => null,
      { rest: takesRest, named: true },
    )
    const call = (args: readonly unknown[], given: ReadonlyMap<string, unknown>): unknown => {
      const { values, rest, named } = bind(name, spec, args, given)
      const others = new Map(named)
      const caller = others.get('caller')
      others.delete('caller')
      const [unknown] = others.keys()
      if (unknown !== undefined && !takesNamed) fail(`the macro "${name}" has no parameter "${unknown}"`)
      if (caller !== undefined && !takesCaller) fail(`the macro "${name}" does not use "caller"`)
      const inner = new Scope(scope)
      if (takesRest) inner.set('varargs', Tuple.make(rest))
      if (takesNamed) inner.set('kwargs', Dict.from(others))
      if (takesCaller) inner.set('caller', caller ?? new Undefined('caller'))
      parameters.forEach((parameter, i) => {
        const value = values[i]
        if (value !== MISSING) inner.set(parameter.name, value)
        else if (parameter.otherwise === undefined)
          inner.set(
            parameter.name,
            new Undefined(parameter.name, `the call of the macro "${name}" has no argument "${parameter.name}"`),
          )
        else inner.set(parameter.name, this.#evaluator.evaluate(parameter.otherwise, inner))
      })
      return this.#body(body, inner, { ...frame, parent: undefined })
    }
    const attributes = new Map<string, unknown>([
      ['name', name],
      ['arguments', Tuple.make(parameters.map((parameter) => parameter.name))],
    ])
    return new Callable(name, call, { takesUndefined: true, attribute: (key) => attributes.get(key) })
  }

  #block(name: string, level: number, frame: Frame, output: Output): void {
    const body = frame.blocks.get(name)?.[level]
    if (body === undefined) return
    const scope = new Scope(frame.top)
    const parent = frame.blocks.get(name)?.[level + 1]
    if (parent !== undefined)
      scope.set(
        'super',
        new Callable('super', () => {
          const inside: Output = []
          this.#block(name, level + 1, frame, inside)
          return joined(inside)
        }),
      )
    this.#run(body, scope, frame, output)
  }

  #find(name: unknown, place: Place): readonly Statement[] {
    return this.#at(place, () =>
      typeof name === 'string'
        ? this.#load(name)
        : fail(`the name of a template must be a text, not ${typeName(name)}`),
    )
  }

  #include(node: Statement & { type: 'include' }, scope: Scope): Output {
    const names = this.#evaluator.value(node.template, scope)
    const candidates = Array.isArray(names) ? names : [names]
    for (const [i, name] of candidates.entries()) {
      try {
        const statements = this.#find(name, node.at)
        return this.#template(statements, node.withContext ? new Scope(scope) : new Scope(undefined, true))
      } catch (error) {
        const isLast = i === candidates.length - 1
        if (!(error instanceof MissingTemplate)) throw error
        if (isLast && !node.ignoreMissing) throw error
      }
    }
    return []
  }

  #import(node: Statement & { type: 'import' }, scope: Scope): void {
    const statements = this.#find(this.#evaluator.value(node.template, scope), node.at)
    const inner = node.withContext ? new Scope(scope) : new Scope(undefined, true)
    this.#template(statements, inner)
    const exported = (name: string): unknown => (name.startsWith('_') ? undefined : inner.own().get(name))
    if (node.as !== undefined) scope.set(node.as, new Members('imported template', exported))
    for (const [name, as] of node.names) {
      const missing = `the imported template has no "${name}"`
      const value = exported(name)
      scope.set(as, value === undefined ? new Undefined(name, missing) : value)
    }
  }
}

const MISSING = Symbol('missing')
