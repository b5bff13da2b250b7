import { isMap, isScalar, parseDocument, visit } from 'yaml'

/** A compose file in pieces: text that stays, and variables to be filled in. */
export type Piece = string | { readonly variable: string }

/** The version of the format that every Docker with Swarm takes, old (which demand one) and new (which ignore it). */
export const COMPOSE_VERSION = '3.9'

const VARIABLE = /\$\$|\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+][^}]*)?\}|([A-Za-z_][A-Za-z0-9_]*))/g

interface Use {
  readonly name: string
  /** With `:-otherwise` and the like Docker knows what to do without a value. */
  readonly optional: boolean
  readonly from: number
  readonly to: number
}

/** The variables a compose file uses in its values, comments and `$$` aside. The text must be valid YAML. */
export function variablesOf(text: string): Use[] {
  const uses: Use[] = []
  visit(parseDocument(text, { merge: true }), {
    Scalar(key, { range }) {
      if (!range || key === 'key') return
      for (const found of text.slice(range[0], range[1]).matchAll(VARIABLE)) {
        const name = found[1] ?? found[3]
        if (name === undefined) continue
        const from = range[0] + found.index
        uses.push({
          name,
          optional: found[2] !== undefined && !/^:?\?/.test(found[2]),
          from,
          to: from + found[0].length,
        })
      }
    },
  })
  return uses.sort((a, b) => a.from - b.from)
}

/** Takes the text apart at the variables of these names; all others are left to Docker. */
export function pieces(text: string, names: ReadonlySet<string>): Piece[] {
  const parts: Piece[] = []
  let at = 0
  for (const { name, from, to } of variablesOf(text)) {
    if (!names.has(name)) continue
    parts.push(text.slice(at, from), { variable: name })
    at = to
  }
  return [...parts, text.slice(at)]
}

/**
 * The same file with the format's version that Docker is to read it by. The text must be valid YAML, with a map at its
 * top.
 */
export function withVersion(text: string): string {
  const { contents } = parseDocument(text, { merge: true })
  if (!isMap(contents) || !contents.range) return text
  const version = contents.items.find(({ key }) => isScalar(key) && key.value === 'version')?.value
  if (isScalar(version) && version.range) {
    return `${text.slice(0, version.range[0])}'${COMPOSE_VERSION}'${text.slice(version.range[1])}`
  }
  const [start] = contents.range
  if (contents.flow) return `${text.slice(0, start + 1)}"version": "${COMPOSE_VERSION}", ${text.slice(start + 1)}`
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start)
  return `${text.slice(0, start)}version: '${COMPOSE_VERSION}'\n${/^\s*$/.test(indent) ? indent : ''}${text.slice(start)}`
}
