import { CONSTANTS, ExpressionParser } from './parse-expression.ts'
import type { Target } from './syntax.ts'

/** Parses what stands on the left side of an assignment. */
export class TargetParser extends ExpressionParser {
  /** The left side of an assignment. */
  protected target(ends: readonly string[] = [], members = false): Target {
    const { at } = this.current
    const items: Target[] = []
    let several = false
    for (;;) {
      if (items.length > 0) this.expect(',')
      if (this.is('block end') || this.is(')') || this.is('=') || this.isName(...ends)) break
      items.push(this.#oneTarget(members))
      if (!this.is(',')) break
      several = true
    }
    if (items.length === 0) this.unexpected('a variable')
    return several ? { type: 'targets', at, items } : (items[0] as Target)
  }

  #oneTarget(members: boolean): Target {
    const { at } = this.current
    if (this.skip('(')) {
      const inside = this.target([], members)
      this.expect(')')
      return inside
    }
    if (CONSTANTS.has(this.current.value) || !this.is('name')) this.unexpected('a variable')
    const name = this.identifier('a variable')
    if (members && this.skip('.')) return { type: 'member', at, namespace: name, name: this.identifier('a name') }
    return { type: 'name', at, name }
  }
}
