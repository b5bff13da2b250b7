import type { Statement } from './syntax.ts'

/** Files of the controller that a template names with constants. */
export interface References {
  readonly templates: ReadonlySet<string>
  readonly files: ReadonlySet<string>
}

interface Node {
  readonly type?: string
  readonly value?: unknown
  readonly name?: string
  readonly template?: unknown
  readonly items?: unknown
  readonly callee?: Node
  readonly args?: { readonly positional: readonly Node[] }
}

/** Finds what `include`, `import`, `extends` and `lookup` name. */
export function referencesOf(statements: readonly Statement[]): References {
  const templates = new Set<string>()
  const files = new Set<string>()
  const constant = (node: unknown): string[] => {
    const { type, value, items } = (node ?? {}) as Node
    if (type === 'list' || type === 'tuple') return (items as unknown[]).flatMap(constant)
    return type === 'constant' && typeof value === 'string' ? [value] : []
  }
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) {
      part.forEach(visit)
      return
    }
    if (typeof part !== 'object' || part === null) return
    const node = part as Node
    if (node.type === 'include' || node.type === 'import' || node.type === 'extends')
      for (const name of constant(node.template)) templates.add(name)
    if (node.type === 'call' && ['lookup', 'query', 'q'].includes(node.callee?.name ?? '')) {
      const [kind, ...terms] = node.args?.positional ?? []
      const which = constant(kind)[0]?.replace(/^ansible\.builtin\./, '')
      const names = terms.flatMap(constant)
      if (which === 'template') for (const name of names) templates.add(name)
      if (which === 'file') for (const name of names) files.add(name)
      if (which === 'password') for (const name of names) files.add(name.split(/\s+/)[0] ?? '')
    }
    for (const [key, inner] of Object.entries(part)) if (key !== 'at') visit(inner)
  }
  visit(statements)
  return { templates, files }
}
