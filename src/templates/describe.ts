import type { Expression } from './syntax.ts'
import { toRepr } from './text.ts'

/** An expression as a template has it, for messages. */
export function describe(node: Expression): string {
  // The others are too long to quote.
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check
  switch (node.type) {
    case 'name':
      return node.name
    case 'constant':
      return toRepr(node.value)
    case 'attribute':
      return `${describe(node.object)}.${node.name}`
    case 'item':
      return `${describe(node.object)}[${describe(node.key)}]`
    case 'call':
      return `${describe(node.callee)}(...)`
    case 'filter':
      return node.input === undefined ? node.name : `${describe(node.input)} | ${node.name}`
    case 'binary':
      return `${describe(node.left)} ${node.operator} ${describe(node.right)}`
    case 'slice':
      return node.bounds.map((bound) => (bound === undefined ? '' : describe(bound))).join(':')
    default:
      return '...'
  }
}
