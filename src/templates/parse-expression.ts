import { fail } from './fault.ts'
import type { Arguments, BinaryOperator, CompareOperator, Expression } from './syntax.ts'
import { TokenStream } from './token-stream.ts'

const NONE: Arguments = { positional: [], named: [], rest: undefined, restNamed: undefined }
export const CONSTANTS: ReadonlyMap<unknown, unknown> = new Map<string, unknown>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])
const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>='])
/** Parses expressions with Jinja2's grammar and precedence. */
export class ExpressionParser extends TokenStream {
  /** An expression, or several with commas between them: a tuple. */
  protected tuple({ conditional = true, parentheses = false, ends = [] as readonly string[] } = {}): Expression {
    const { at } = this.current
    const items: Expression[] = []
    let several = false
    for (;;) {
      if (items.length > 0) this.expect(',')
      if (this.is('variable end') || this.is('block end') || this.is(')') || this.isName(...ends)) break
      items.push(this.expression(conditional))
      if (!this.is(',')) break
      several = true
    }
    if (!several) {
      if (items[0] !== undefined) return items[0]
      if (!parentheses) this.unexpected('an expression')
    }
    return { type: 'tuple', at, items }
  }

  protected expression(conditional = true): Expression {
    if (!conditional) return this.#or()
    let then = this.#or()
    while (this.isName('if')) {
      const { at } = this.next()
      const test = this.#or()
      const otherwise = this.skipName('else') ? this.expression() : undefined
      then = { type: 'conditional', at, test, then, otherwise }
    }
    return then
  }

  #or(): Expression {
    let left = this.#and()
    while (this.isName('or')) left = { type: 'or', at: this.next().at, left, right: this.#and() }
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.isName('and')) left = { type: 'and', at: this.next().at, left, right: this.#not() }
    return left
  }

  #not(): Expression {
    return this.isName('not') ? { type: 'not', at: this.next().at, operand: this.#not() } : this.#compare()
  }

  #compare(): Expression {
    const { at } = this.current
    const first = this.#sum()
    const rest: { operator: CompareOperator; operand: Expression }[] = []
    for (;;) {
      const operator = this.#comparison()
      if (operator === undefined) break
      rest.push({ operator, operand: this.#sum() })
    }
    return rest.length === 0 ? first : { type: 'compare', at, first, rest }
  }

  #comparison(): CompareOperator | undefined {
    const { kind } = this.current
    if (COMPARISONS.has(kind)) return this.next().kind as CompareOperator
    if (this.skipName('in')) return 'in'
    const after = this.peek(1)
    if (!this.isName('not') || after.kind !== 'name' || after.value !== 'in') return undefined
    this.next()
    this.next()
    return 'not in'
  }

  #binary(operators: readonly BinaryOperator[], operand: () => Expression): Expression {
    let left = operand()
    while ((operators as readonly string[]).includes(this.current.kind)) {
      const { at, kind } = this.next()
      left = { type: 'binary', at, operator: kind as BinaryOperator, left, right: operand() }
    }
    return left
  }

  #sum(): Expression {
    return this.#binary(['+', '-'], () => this.#concat())
  }

  #concat(): Expression {
    const { at } = this.current
    const items = [this.#product()]
    while (this.skip('~')) items.push(this.#product())
    return items.length === 1 ? (items[0] as Expression) : { type: 'concat', at, items }
  }

  #product(): Expression {
    return this.#binary(['*', '/', '//', '%'], () => this.#binary(['**'], () => this.#unary()))
  }

  #unary(filters = true): Expression {
    const { at } = this.current
    let node: Expression
    if (this.skip('-')) node = { type: 'negative', at, operand: this.#unary(false) }
    else if (this.skip('+')) node = { type: 'positive', at, operand: this.#unary(false) }
    else node = this.primary()
    node = this.#postfix(node)
    return filters ? this.#filters(node) : node
  }

  protected primary(): Expression {
    const token = this.current
    const { at, kind, value } = token
    switch (kind) {
      case 'name':
        this.next()
        return CONSTANTS.has(value)
          ? { type: 'constant', at, value: CONSTANTS.get(value) }
          : { type: 'name', at, name: value as string }
      case 'string': {
        let text = ''
        while (this.is('string')) text += this.next().value as string
        return { type: 'constant', at, value: text }
      }
      case 'integer':
      case 'float':
        this.next()
        return { type: 'constant', at, value }
      case '(': {
        this.next()
        const inside = this.tuple({ parentheses: true })
        this.expect(')')
        return inside
      }
      case '[':
        this.next()
        return { type: 'list', at, items: this.#until(']', () => this.expression()) }
      case '{':
        this.next()
        return {
          type: 'dict',
          at,
          pairs: this.#until('}', () => {
            const key = this.expression()
            this.expect(':')
            return [key, this.expression()] as const
          }),
        }
      default:
        return this.unexpected('an expression')
    }
  }

  #until<T>(end: string, item: () => T): T[] {
    const items: T[] = []
    while (!this.is(end)) {
      if (items.length > 0) this.expect(',', `"," or "${end}"`)
      if (this.is(end)) break
      items.push(item())
    }
    this.next()
    return items
  }

  #postfix(of: Expression): Expression {
    let node = of
    for (;;) {
      if (this.is('.')) node = this.#member(node)
      else if (this.is('[')) node = this.#subscript(node)
      else if (this.is('(')) node = { type: 'call', at: node.at, callee: node, args: this.callArguments() }
      else return node
    }
  }

  #member(object: Expression): Expression {
    this.next()
    const { kind, value, at } = this.current
    if (kind === 'name') {
      this.next()
      return { type: 'attribute', at: object.at, object, name: value as string }
    }
    if (kind !== 'integer') this.unexpected('a name or a number after "."')
    this.next()
    return { type: 'item', at: object.at, object, key: { type: 'constant', at, value } }
  }

  #subscript(object: Expression): Expression {
    const { at } = this.next()
    const items = this.#until(']', () => this.#subscribed())
    const key: Expression = items.length === 1 ? (items[0] as Expression) : { type: 'tuple', at, items }
    return { type: 'item', at: object.at, object, key }
  }

  #subscribed(): Expression {
    const { at } = this.current
    const bounds: (Expression | undefined)[] = []
    if (this.is(':')) bounds.push(undefined)
    else {
      const node = this.expression()
      if (!this.is(':')) return node
      bounds.push(node)
    }
    while (bounds.length < 3 && this.skip(':'))
      bounds.push(this.is(':') || this.is(']') || this.is(',') ? undefined : this.expression())
    return { type: 'slice', at, bounds }
  }

  protected callArguments(): Arguments {
    const { at } = this.expect('(')
    const positional: Expression[] = []
    const named: [string, Expression][] = []
    let rest: Expression | undefined
    let restNamed: Expression | undefined
    const inOrder = (allowed: boolean): void => {
      if (!allowed) fail('arguments must be in this order: values, name=value, *list, **dict', at)
    }
    this.#until(')', () => {
      if (this.skip('*')) {
        inOrder(rest === undefined && restNamed === undefined)
        rest = this.expression()
      } else if (this.skip('**')) {
        inOrder(restNamed === undefined)
        restNamed = this.expression()
      } else if (this.is('name') && this.peek(1).kind === '=') {
        inOrder(restNamed === undefined)
        const name = this.next().value as string
        this.next()
        named.push([name, this.expression()])
      } else {
        inOrder(rest === undefined && restNamed === undefined && named.length === 0)
        positional.push(this.expression())
      }
    })
    return { positional, named, rest, restNamed }
  }

  #filters(of: Expression): Expression {
    let node = of
    for (;;) {
      if (this.is('|')) node = this.filterChain(node) as Expression
      else if (this.isName('is')) node = this.#test(node)
      else if (this.is('(')) node = { type: 'call', at: node.at, callee: node, args: this.callArguments() }
      else return node
    }
  }

  /** `| a | b`; with `first`, the chain starts without the bar: `{% filter a | b %}`. */
  protected filterChain(input: Expression | undefined, first = false): Expression | undefined {
    let node = input
    for (let bare = first; bare || this.is('|'); bare = false) {
      if (!bare) this.next()
      const { at } = this.current
      const name = this.#dotted('a filter')
      node = { type: 'filter', at, input: node, name, args: this.is('(') ? this.callArguments() : NONE }
    }
    return node
  }

  #dotted(what: string): string {
    let name = this.identifier(what)
    while (this.skip('.')) name += `.${this.identifier('a name')}`
    return name
  }

  #test(input: Expression): Expression {
    this.next()
    const negated = this.skipName('not')
    const { at } = this.current
    const name = this.#dotted('a test')
    let args = NONE
    if (this.is('(')) args = this.callArguments()
    else if (
      ['name', 'string', 'integer', 'float', '[', '{'].includes(this.current.kind) &&
      !this.isName('else', 'or', 'and')
    ) {
      if (this.isName('is')) fail('tests cannot follow one another: write "a is x and a is y"', this.current.at)
      args = { ...NONE, positional: [this.#postfix(this.primary())] }
    }
    const test: Expression = { type: 'test', at, input, name, args }
    return negated ? { type: 'not', at, operand: test } : test
  }
}
