import { isDeepStrictEqual } from 'node:util'
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  parseDocument,
  stringify,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml'
import { asMap, type YamlMap } from '../../stack/compose-values.ts'

export type YamlValue = string | number | boolean | readonly YamlValue[] | { readonly [key: string]: YamlValue }

const OPTIONS = { merge: true, logLevel: 'silent' } as const
/** Docker reads YAML 1.1, in which `no` is a boolean: such a text is quoted. */
const STYLE = { version: '1.1', lineWidth: 0 } as const
const INDENT = 2

/**
 * Sets a value in a YAML text, and changes nothing else: comments, quotes and anchors stay.
 *
 * @param path - keys from the root; missing maps are created, inherited ones (`<<`, aliases) are copied.
 * @returns undefined if the text has a form in which this is not possible.
 */
export function setInYaml(text: string, path: readonly string[], value: YamlValue): string | undefined {
  const document = parseDocument(text, OPTIONS)
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined
  const edited = editMap(text, document, document.contents, path, value, asMap(document.toJS()))
  if (edited === undefined) return undefined
  const result = parseDocument(edited, OPTIONS)
  // The text is edited by positions: a form that was not considered must not pass.
  const wanted = withValue(asMap(document.toJS()), path, value)
  return result.errors.length === 0 && isDeepStrictEqual(result.toJS(), wanted) ? edited : undefined
}

/** The data with the value set. */
function withValue(data: YamlMap, [key, ...rest]: readonly string[], value: YamlValue): YamlMap {
  if (key === undefined) return data
  return { ...data, [key]: rest.length === 0 ? value : withValue(asMap(data[key]), rest, value) }
}

/** @param data - the map with what it inherits. */
function editMap(
  text: string,
  document: Document,
  map: YAMLMap,
  [key, ...rest]: readonly string[],
  value: YamlValue,
  data: YamlMap,
): string | undefined {
  if (key === undefined) return undefined
  const pair = map.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key)
  const inherited = asMap(data[key])
  const content = rest.length === 0 ? value : (withValue(inherited, rest, value) as YamlValue)
  if (pair === undefined) return insertPair(text, map, key, content)
  const node = pair.value as Node | null
  if (rest.length > 0 && isMap(node)) return editMap(text, document, node, rest, value, inherited)
  return replaceValue(text, map, pair as Pair<Node>, node, content)
}

const flow = (value: YamlValue): string =>
  stringify(value, { ...STYLE, collectionStyle: 'flow', flowCollectionPadding: false }).trimEnd()

const block = (value: YamlValue, column: number): string =>
  stringify(value, { ...STYLE, indent: INDENT })
    .trimEnd()
    .split('\n')
    .map((line) => `${' '.repeat(column)}${line}`)
    .join('\n')

const isCollection = (value: YamlValue): boolean => typeof value === 'object'

function insertPair(text: string, map: YAMLMap, key: string, value: YamlValue): string | undefined {
  const { range } = map
  if (range == null) return undefined
  if (map.flow === true) {
    const close = range[1] - 1
    const before = text.slice(0, close).trimEnd()
    const padding = text.slice(before.length, close)
    const separator = map.items.length === 0 || before.endsWith(',') ? '' : ','
    return `${before}${separator}${map.items.length === 0 ? '' : ' '}${key}: ${flow(value)}${padding}${text.slice(close)}`
  }
  const first = map.items[0]?.key as Node | undefined
  if (first?.range == null) return undefined
  const column = first.range[0] - (text.lastIndexOf('\n', first.range[0] - 1) + 1)
  const end = endOfContent(text, map)
  return `${text.slice(0, end)}\n${block({ [key]: value }, column)}${text.slice(end)}`
}

/** End of the last line of a block map, with the comment in that line. */
function endOfContent(text: string, map: YAMLMap): number {
  const [, valueEnd = 0] = (map.range ?? []) as number[]
  const end = text.slice(0, valueEnd).trimEnd().length
  const newline = text.indexOf('\n', end)
  return newline === -1 ? text.trimEnd().length : newline
}

function replaceValue(
  text: string,
  map: YAMLMap,
  pair: Pair<Node>,
  node: Node | null,
  value: YamlValue,
): string | undefined {
  const keyEnd = pair.key.range?.[1]
  if (keyEnd === undefined) return undefined
  const isEmpty = node === null || (isScalar(node) && node.value === null && node.source === '')
  // An alias or another value in the same place. A block map would need other lines: write it as a flow map.
  const [start, end] = isEmpty || node.range == null ? [keyEnd, keyEnd] : [node.range[0], node.range[1]]
  const isSingleLine = isAlias(node) || isScalar(node) || map.flow === true || !text.slice(start, end).includes('\n')
  if (isEmpty) {
    const colon = text.indexOf(':', keyEnd) + 1
    return `${text.slice(0, colon)} ${flow(value)}${text.slice(colon)}`
  }
  return isSingleLine || !isCollection(value) ? `${text.slice(0, start)}${flow(value)}${text.slice(end)}` : undefined
}
