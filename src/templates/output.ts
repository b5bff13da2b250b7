import { fail, type Place } from './fault.ts'
import type { Statement } from './syntax.ts'
import { printed } from './text.ts'
import { Callable, Dict, Members, Range, Tuple, Undefined } from './values.ts'

/** Values of text, tags and expressions, in order. None is left out. */
export type Output = unknown[]
/** The bodies of a block by its name: that of the template itself first, then those of the templates it extends. */
export type Blocks = Map<string, (readonly Statement[])[]>

/** The values of a body as Ansible joins them: a single one stays as it is, several become a text. */
export function joined(output: Output): unknown {
  const values = output.filter((value) => value !== null)
  if (values.length === 0) return null
  if (values.length === 1) return values[0] instanceof Undefined ? fail(values[0].message) : values[0]
  return values.map((value) => (value instanceof Undefined ? '' : printed(value))).join('')
}

/** A value that `{{ }}` can print, as it is now. */
export function printable(value: unknown, place: Place): unknown {
  if (value instanceof Callable) fail(`"${value.name}" is a function: call it with ()`, place)
  if (value instanceof Members) fail(`a ${value.kind} cannot be printed`, place)
  // What is appended later does not count.
  if (value instanceof Dict) return value.copy()
  return Array.isArray(value) && !(value instanceof Range) && !(value instanceof Tuple)
    ? [...(value as unknown[])]
    : value
}

/** Registers the blocks of a template after those of the templates that extend it. */
export function collectBlocks(statements: readonly Statement[], blocks: Blocks): void {
  for (const node of statements) {
    if (node.type === 'block') blocks.set(node.name, [...(blocks.get(node.name) ?? []), node.body])
    if (node.type === 'if') for (const { body } of node.branches) collectBlocks(body, blocks)
    if ('otherwise' in node && Array.isArray(node.otherwise)) collectBlocks(node.otherwise, blocks)
    if ('body' in node && node.type !== 'macro') collectBlocks(node.body, blocks)
  }
}

/** Whether a body names a variable. */
export const mentions = (body: unknown, name: string): boolean => {
  if (Array.isArray(body)) return body.some((each) => mentions(each, name))
  if (typeof body !== 'object' || body === null) return false
  const node = body as { type?: string; name?: string }
  if (node.type === 'name' && node.name === name) return true
  return Object.entries(body).some(([key, each]) => key !== 'at' && mentions(each, name))
}
