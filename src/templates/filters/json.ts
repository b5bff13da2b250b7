import { asInt, asText, plugin, type Call, type Plugin } from '../arguments.ts'
import { compare } from '../compare.ts'
import { fail } from '../fault.ts'
import { floatText, toText } from '../text.ts'
import { Dict, Float, isFloat, isInteger, isTrue, toInt, toNumber, typeName, Undefined } from '../values.ts'

export interface JsonOptions {
  /** Per level; null: on one line. */
  readonly indent: string | null
  readonly sortKeys: boolean
  readonly ascii: boolean
  readonly separators: readonly [between: string, afterKey: string]
}

/** Python's `json.dumps`. */
export function toJson(value: unknown, options: JsonOptions, level = 0): string {
  const { indent, separators, ascii } = options
  if (value === null) return 'null'
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return jsonText(value, ascii)
  if (isFloat(value))
    return floatText(Number(toNumber(value as Float))).replace(
      /^-?inf|nan$/,
      (text) => ({ inf: 'Infinity', '-inf': '-Infinity', nan: 'NaN' })[text] ?? text,
    )
  if (isInteger(value)) return String(value)
  const line = (at: number): string => (indent === null ? '' : `\n${indent.repeat(at)}`)
  const around = (open: string, items: readonly string[], close: string): string =>
    items.length === 0
      ? open + close
      : `${open}${line(level + 1)}${items.join(separators[0] + line(level + 1))}${line(level)}${close}`
  if (Array.isArray(value))
    return around(
      '[',
      Array.from(value as unknown[], (item) => toJson(item, options, level + 1)),
      ']',
    )
  if (value instanceof Dict) {
    const entries = value.entries()
    if (options.sortKeys) entries.sort(([a], [b]) => compare(a, b))
    return around(
      '{',
      entries.map(([key, item]) => jsonText(keyText(key), ascii) + separators[1] + toJson(item, options, level + 1)),
      '}',
    )
  }
  if (value instanceof Undefined) return fail(value.message)
  return fail(`a ${typeName(value)} cannot be written as JSON`)
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key
  if (key === null) return 'null'
  if (typeof key === 'boolean') return String(key)
  return Array.isArray(key) ? fail('a tuple cannot be a key in JSON') : toText(key)
}

const jsonText = (text: string, ascii: boolean): string => {
  const quoted = JSON.stringify(text)
  return ascii
    ? quoted.replace(/[^\x00-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : quoted
}

const indentOf = (indent: unknown): string | null =>
  indent === null ? null : typeof indent === 'string' ? indent : ' '.repeat(asInt(indent, 'indent'))

function optionsOf(named: Call['named'], defaults: Readonly<Record<string, unknown>>): JsonOptions {
  const options = { ...defaults, ...Object.fromEntries(named) }
  for (const name of Object.keys(options))
    if (!['indent', 'sort_keys', 'ensure_ascii', 'separators', 'vault_to_text', 'preprocess_unsafe'].includes(name))
      fail(`the argument "${name}" is not supported`)
  const indent = indentOf(options.indent ?? null)
  const separators = options.separators ?? null
  const pair = Array.isArray(separators) ? separators.map((each) => asText(each, 'a separator')) : undefined
  return {
    indent,
    sortKeys: isTrue(options.sort_keys ?? false),
    ascii: isTrue(options.ensure_ascii ?? true),
    separators: pair === undefined ? [indent === null ? ', ' : ',', ': '] : [pair[0] ?? ', ', pair[1] ?? ': '],
  }
}

/** A parser of JSON that tells 1 from 1.0. */
export function parseJson(text: string): unknown {
  const token =
    /\s*(?:([[\]{},:])|("(?:[^"\\\n]|\\.)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null|NaN|-?Infinity))\s*/y
  let current: RegExpExecArray | null = null
  const bad = (): never => fail(`the text is not JSON at offset ${token.lastIndex}`)
  const next = (): RegExpExecArray => {
    const at = token.lastIndex
    current = token.exec(text)
    if (current === null) {
      token.lastIndex = at
      return bad()
    }
    return current
  }
  const value = (found: RegExpExecArray): unknown => {
    const [, mark, string, number, word] = found
    if (string !== undefined) return parseText(string)
    if (number !== undefined) return /[.eE]/.test(number) ? new Float(Number(number)) : toInt(BigInt(number))
    if (word !== undefined)
      return word === 'true' ? true : word === 'false' ? false : word === 'null' ? null : new Float(Number(word))
    if (mark === '[') return list()
    return mark === '{' ? dict() : bad()
  }
  const list = (): unknown[] => {
    const items: unknown[] = []
    let found = next()
    if (found[1] === ']') return items
    for (;;) {
      items.push(value(found))
      found = next()
      if (found[1] === ']') return items
      if (found[1] !== ',') bad()
      found = next()
    }
  }
  const dict = (): Dict => {
    const made = new Dict()
    let found = next()
    if (found[1] === '}') return made
    for (;;) {
      if (found[2] === undefined) return bad()
      const key = parseText(found[2])
      if (next()[1] !== ':') bad()
      made.set(key, value(next()))
      found = next()
      if (found[1] === '}') return made
      if (found[1] !== ',') bad()
      found = next()
    }
  }
  const result = value(next())
  return token.lastIndex === text.length ? result : bad()
}

function parseText(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return fail(`${quoted} is not a text of JSON`)
  }
}

const HTML = /[<>&']/g

export const jsonFilters: Readonly<Record<string, Plugin>> = {
  to_json: plugin([], (value, _, { named }) => toJson(value, optionsOf(named, {})), { named: true }),
  to_nice_json: plugin(
    [
      ['indent', 4],
      ['sort_keys', true],
    ],
    (value, [indent, sortKeys], { named }) =>
      toJson(value, { ...optionsOf(named, { indent, sort_keys: sortKeys }), separators: [',', ': '] }),
    { named: true },
  ),
  tojson: plugin([['indent', null]], (value, [indent]) =>
    toJson(value, optionsOf(new Map(), { indent, sort_keys: true })).replace(
      HTML,
      (c) => `\\u00${c.charCodeAt(0).toString(16)}`,
    ),
  ),
  from_json: plugin([], (value) => parseJson(asText(value, 'the input of "from_json"'))),
}
