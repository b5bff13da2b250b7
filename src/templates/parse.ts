import { fail, type Place, type SourceFile } from './fault.ts'
import { Lexer, type Delimiters } from './lexer.ts'
import { TargetParser } from './parse-target.ts'
import type { Expression, Parameter, Statement } from './syntax.ts'

/** Tags of extensions and of other languages, and what Ansible's Jinja2 has. */
const INSTEAD: Readonly<Record<string, string>> = {
  do: 'Ansible does not load this extension; write {% set _ = ... %}',
  break: 'Ansible does not load this extension; filter the items with "for x in list if test"',
  continue: 'Ansible does not load this extension; filter the items with "for x in list if test"',
  autoescape: 'Ansible never escapes; use the filter "e" where text needs it',
  elseif: 'write "elif"',
  let: 'write "set"',
}

type Parse = (at: Place) => Statement

/** Parses a template's statements with Jinja2's grammar; of its extensions, Ansible loads none. */
class Parser extends TargetParser {
  /** The tags that end the blocks that are open. */
  readonly #open: { readonly tag: string; readonly ends: readonly string[]; readonly at: Place }[] = []
  readonly #tags: Readonly<Record<string, Parse>> = {
    if: (at) => this.#if(at),
    for: (at) => this.#for(at),
    set: (at) => this.#set(at),
    with: (at) => this.#with(at),
    macro: (at) => this.#macro(at),
    call: (at) => this.#call(at),
    filter: (at) => this.#filter(at),
    block: (at) => this.#block(at),
    extends: (at) => ({ type: 'extends', at, template: this.expression() }),
    include: (at) => this.#include(at),
    import: (at) => this.#import(at),
    from: (at) => this.#from(at),
  }

  template(): Statement[] {
    return this.#statements([])
  }

  #statements(ends: readonly string[]): Statement[] {
    const body: Statement[] = []
    for (;;) {
      const { kind, value, at } = this.current
      if (kind === 'end') {
        const open = this.#open.at(-1)
        if (open !== undefined)
          fail(`"${open.tag}" has no end: add ${open.ends.map((end) => `"${end}"`).join(' or ')}`, open.at)
        return body
      }
      if (kind === 'data') {
        this.next()
        body.push({ type: 'text', at, text: value as string })
      } else if (this.skip('variable begin')) {
        body.push({ type: 'output', at, value: this.tuple() })
        this.expect('variable end', 'an operator or the end of the tag')
      } else {
        this.expect('block begin')
        if (this.isName(...ends)) return body
        body.push(this.#statement(at))
        this.expect('block end', 'the end of the tag')
      }
    }
  }

  #statement(at: Place): Statement {
    const place = this.current.at
    const tag = this.identifier('the name of a tag')
    const parse = Object.hasOwn(this.#tags, tag) ? this.#tags[tag] : undefined
    if (parse !== undefined) return parse(at)
    const open = this.#open.at(-1)
    const inside = open === undefined ? '' : `: "${open.tag}" is open, which ${open.ends.join(' or ')} ends`
    if (/^(end|elif$|else$)/.test(tag)) fail(`unexpected tag "${tag}"${inside}`, place)
    const instead = Object.hasOwn(INSTEAD, tag) ? `: ${INSTEAD[tag] as string}` : ''
    return fail(`unknown tag "${tag}"${instead}`, place)
  }

  /** The statements of a block up to one of its end tags, which stays the current token. */
  #body(tag: string, at: Place, ...ends: string[]): Statement[] {
    this.skip(':')
    this.expect('block end', 'the end of the tag')
    this.#open.push({ tag, ends, at })
    const body = this.#statements(ends)
    this.#open.pop()
    return body
  }

  #if(at: Place): Statement {
    const branches: { test: Expression; body: Statement[] }[] = []
    do {
      const test = this.tuple({ conditional: false })
      branches.push({ test, body: this.#body('if', at, 'elif', 'else', 'endif') })
    } while (this.next().value === 'elif')
    const last = this.peek(-1).value
    const otherwise = last === 'else' ? this.#body('if', at, 'endif') : []
    if (last === 'else') this.next()
    return { type: 'if', at, branches, otherwise }
  }

  #for(at: Place): Statement {
    const target = this.target(['in'])
    this.expectName('in')
    const items = this.tuple({ conditional: false, ends: ['recursive'] })
    const test = this.skipName('if') ? this.expression() : undefined
    const recursive = this.skipName('recursive')
    const body = this.#body('for', at, 'endfor', 'else')
    const hasElse = this.next().value === 'else'
    const otherwise = hasElse ? this.#body('for', at, 'endfor') : []
    if (hasElse) this.next()
    return { type: 'for', at, target, items, test, recursive, body, otherwise }
  }

  #set(at: Place): Statement {
    const target = this.target([], true)
    if (this.skip('=')) return { type: 'set', at, target, value: this.tuple() }
    const filter = this.filterChain(undefined)
    const body = this.#body('set', at, 'endset')
    this.next()
    return { type: 'setBlock', at, target, filter, body }
  }

  #with(at: Place): Statement {
    const variables: [ReturnType<typeof this.target>, Expression][] = []
    while (!this.is('block end')) {
      if (variables.length > 0) this.expect(',')
      const target = this.#single()
      this.expect('=')
      variables.push([target, this.expression()])
    }
    const body = this.#body('with', at, 'endwith')
    this.next()
    return { type: 'with', at, variables, body }
  }

  #single(): ReturnType<typeof this.target> {
    const { at } = this.current
    return { type: 'name', at, name: this.identifier('a variable') }
  }

  #parameters(): Parameter[] {
    const parameters: Parameter[] = []
    this.expect('(')
    while (!this.is(')')) {
      if (parameters.length > 0) this.expect(',')
      if (this.is(')')) break
      const { at } = this.current
      const name = this.identifier('a parameter')
      const otherwise = this.skip('=') ? this.expression() : undefined
      if (otherwise === undefined && parameters.at(-1)?.otherwise !== undefined)
        fail(`parameter "${name}" needs a default, since the one before it has one`, at)
      parameters.push({ name, otherwise })
    }
    this.next()
    return parameters
  }

  #macro(at: Place): Statement {
    const name = this.identifier('the name of the macro')
    const parameters = this.#parameters()
    const body = this.#body('macro', at, 'endmacro')
    this.next()
    return { type: 'macro', at, name, parameters, body }
  }

  #call(at: Place): Statement {
    const parameters = this.is('(') ? this.#parameters() : []
    const call = this.expression()
    if (call.type !== 'call') fail('"call" needs the call of a macro: {% call name() %}', call.at)
    const body = this.#body('call', at, 'endcall')
    this.next()
    return { type: 'callBlock', at, call, parameters, body }
  }

  #filter(at: Place): Statement {
    const filter = this.filterChain(undefined, true) as Expression
    const body = this.#body('filter', at, 'endfilter')
    this.next()
    return { type: 'filterBlock', at, filter, body }
  }

  #block(at: Place): Statement {
    const name = this.identifier('the name of the block')
    if (this.isName('scoped', 'required')) fail(`"${String(this.current.value)}" blocks are not supported`, at)
    const body = this.#body('block', at, 'endblock')
    this.next()
    this.skipName(name)
    return { type: 'block', at, name, body }
  }

  /** `with context` or `without context`. */
  #context(otherwise: boolean): boolean {
    const following = this.peek(1)
    if (!this.isName('with', 'without') || following.kind !== 'name' || following.value !== 'context') return otherwise
    const withContext = this.next().value === 'with'
    this.next()
    return withContext
  }

  #include(at: Place): Statement {
    const template = this.expression()
    const following = this.peek(1)
    const ignoreMissing = this.isName('ignore') && following.kind === 'name' && following.value === 'missing'
    if (ignoreMissing) {
      this.next()
      this.next()
    }
    return { type: 'include', at, template, ignoreMissing, withContext: this.#context(true) }
  }

  #import(at: Place): Statement {
    const template = this.expression()
    this.expectName('as')
    const as = this.identifier('a name')
    return { type: 'import', at, template, as, names: [], withContext: this.#context(false) }
  }

  #from(at: Place): Statement {
    const template = this.expression()
    this.expectName('import')
    const names: [string, string][] = []
    let withContext = false
    while (this.is('name') || this.is(',')) {
      if (names.length > 0) {
        if (this.isName('with', 'without')) {
          withContext = this.#context(false)
          break
        }
        this.expect(',')
        if (this.is('block end')) break
      }
      const name = this.identifier('a name')
      if (name.startsWith('_')) fail(`"${name}" starts with an underscore, so it cannot be imported`, at)
      names.push([name, this.skipName('as') ? this.identifier('a name') : name])
    }
    return { type: 'import', at, template, as: undefined, names, withContext }
  }
}

/** @throws {Fault} the template has a syntax error. */
export const parse = (file: SourceFile, marks: Delimiters): readonly Statement[] =>
  new Parser(file, new Lexer(file, marks).tokens()).template()
