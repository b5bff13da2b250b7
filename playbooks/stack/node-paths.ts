import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Document, Pair, YAMLMap } from 'yaml'

/** An entry of a mapping, its own or one of a mapping that it merges with `<<`. */
export interface MapEntry {
  readonly key: string
  readonly pair: Pair
}

const MERGE_KEY = '<<'
/** Aliases of mappings that contain themselves are an error of Docker; deeper merges do not occur. */
const MAX_DEPTH = 20

/** The node itself, or the one that an alias refers to. */
export const resolved = (document: Document, node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node)

/** The entries of a mapping, with those that it merges. */
export function entriesOf(document: Document, map: YAMLMap, depth = 0): MapEntry[] {
  if (depth > MAX_DEPTH) return []
  return map.items.flatMap((pair): MapEntry[] => {
    const key = isScalar(pair.key) ? pair.key.value : pair.key
    if (typeof key !== 'symbol' && key !== MERGE_KEY) return [{ key: String(key), pair }]
    const merged = resolved(document, pair.value)
    return (isSeq(merged) ? merged.items : [merged])
      .map((node) => resolved(document, node))
      .flatMap((node) => (isMap(node) ? entriesOf(document, node, depth + 1) : []))
  })
}

/**
 * The nodes at a path such as `services.*.ports.[].target`: `*` is each entry of a mapping, `[]` each item of a list.
 * Aliases and merge keys are followed, so a node may be found at several paths.
 */
export function nodesAt(document: Document, path: string): Set<unknown> {
  let nodes = new Set<unknown>([document.contents])
  for (const step of path.split('.')) {
    const next = new Set<unknown>()
    for (const node of nodes) for (const inner of inside(document, node, step)) next.add(inner)
    nodes = next
  }
  return nodes
}

function inside(document: Document, node: unknown, step: string): unknown[] {
  if (step === '[]') return isSeq(node) ? node.items.map((item) => resolved(document, item)) : []
  if (!isMap(node)) return []
  return entriesOf(document, node)
    .filter(({ key }) => step === '*' || key === step)
    .map(({ pair }) => resolved(document, pair.value))
}
