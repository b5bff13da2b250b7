import { isMap, isScalar, parseDocument, visit } from 'yaml'

/** A piece of a compose file: literal text, or a variable to interpolate. */
export type Piece = string | { readonly variable: string }

/** A format version that every Docker with Swarm accepts: old ones require it, new ones ignore it. */
export const COMPOSE_VERSION = '3.9'

const VARIABLE = /\$\$|\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+][^}]*)?\}|([A-Za-z_][A-Za-z0-9_]*))/g

interface VariableUse {
  readonly name: string
  /** Has a default (`:-default` and the like), so that Docker needs no value. */
  readonly optional: boolean
  readonly from: number
  readonly to: number
}

/** Variables in the values of a compose file, without comments and `$$`. The text must be valid YAML. */
export function variablesOf(text: string): VariableUse[] {
  const uses: VariableUse[] = []
  visit(parseDocument(text, { merge: true }), {
    Scalar(key, { range }) {
      if (!range || key === 'key') return
      for (const match of text.slice(range[0], range[1]).matchAll(VARIABLE)) {
        const name = match[1] ?? match[3]
        if (name === undefined) continue
        const from = range[0] + match.index
        uses.push({
          name,
          optional: match[2] !== undefined && !/^:?\?/.test(match[2]),
          from,
          to: from + match[0].length,
        })
      }
    },
  })
  return uses.sort((a, b) => a.from - b.from)
}

/** Splits the text at these variables; Docker interpolates the others. */
export function pieces(text: string, names: ReadonlySet<string>): Piece[] {
  const result: Piece[] = []
  let at = 0
  for (const { name, from, to } of variablesOf(text)) {
    if (!names.has(name)) continue
    result.push(text.slice(at, from), { variable: name })
    at = to
  }
  return [...result, text.slice(at)]
}

/** Sets the format version of a compose file. The text must be valid YAML with a map at the top level. */
export function withVersion(text: string): string {
  const { contents } = parseDocument(text, { merge: true })
  if (!isMap(contents)) return text
  const version = contents.items.find(({ key }) => isScalar(key) && key.value === 'version')?.value
  if (isScalar(version)) {
    return `${text.slice(0, version.range[0])}'${COMPOSE_VERSION}'${text.slice(version.range[1])}`
  }
  const [start] = contents.range
  if (contents.flow) return `${text.slice(0, start + 1)}"version": "${COMPOSE_VERSION}", ${text.slice(start + 1)}`
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start)
  return `${text.slice(0, start)}version: '${COMPOSE_VERSION}'\n${/^\s*$/.test(indent) ? indent : ''}${text.slice(start)}`
}
